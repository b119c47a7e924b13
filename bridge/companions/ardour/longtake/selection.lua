-- What the musician selected, as pieces of audio files. Knows nothing of messages but their fields.
--
-- A region whose channels lie in a file each, as Ardour records and imports, is written as one file into the session's
-- export folder: its samples as they are, without fades and gain.

local song = ...

local MOST = 64
local BLOCK = 8192
local AT_ONCE = 200  -- Values that one call packs; Lua takes no endless lists of arguments.

local selection = {}

local function track_of (region)
  local id = region:to_stateful ():id ()
  for _, route in ipairs (song.tracks ()) do
    if not route:to_track ():playlist ():region_by_id (id):isnil () then return route end
  end
end

-- A region, or what of it lies between two samples of the song.
local function piece (region, first, last)
  local at, length = region:position ():samples (), region:length ():samples ()
  local from, to = math.max (at, first or at), math.min (at + length, last or at + length)
  if region:to_audioregion ():isnil () or from >= to then return nil end
  return {region = region, at = from, offset = from - at, length = to - from}
end

-- The pieces in order, and their track; none if nothing is selected. Of regions on several tracks, the topmost counts.
local function pieces ()
  local found, track = {}, nil
  for region in Editor:get_selection ().regions:regionlist ():iter () do
    local own = track_of (region)
    if own and (not track or own:presentation_info_ptr ():order () < track:presentation_info_ptr ():order ()) then
      track = own
    end
  end
  if track then
    for region in Editor:get_selection ().regions:regionlist ():iter () do
      local id = region:to_stateful ():id ()
      if not track:to_track ():playlist ():region_by_id (id):isnil () then found[#found + 1] = piece (region) end
    end
  else
    local first, last = song.range ()
    track = first and song.selected_track ()
    local touched = track and track:to_track ():playlist ():regions_touched (
      Temporal.timepos_t (first), Temporal.timepos_t (last))
    for region in (touched and touched:iter () or function () end) do
      found[#found + 1] = piece (region, first, last)
    end
  end
  table.sort (found, function (a, b) return a.at < b.at end)
  return found, track
end

-- The file that holds all channels of a region, or nil.
local function common_file (region)
  local path
  for channel = 0, region:to_audioregion ():n_channels () - 1 do
    local file = region:source (channel):to_filesource ()
    if file:isnil () or file:channel () ~= channel or (path and file:path () ~= path) then return nil end
    path = file:path ()
  end
  return path
end

local function header (channels, rate, frames)
  local bytes = frames * channels * 4
  return string.pack (
    "<c4I4c4 c4I4I2I2I4I4I2I2 c4I4", "RIFF", 36 + bytes, "WAVE",
    "fmt ", 16, 3, channels, rate, rate * channels * 4, channels * 4, 32, "data", bytes)
end

local function packed (values, count)
  local texts = {}
  for first = 1, count, AT_ONCE do
    local last = math.min (first + AT_ONCE - 1, count)
    texts[#texts + 1] = string.pack ("<" .. ("f"):rep (last - first + 1), table.unpack (values, first, last))
  end
  return table.concat (texts)
end

local function write_samples (file, piece)
  local audio = piece.region:to_audioregion ()
  local channels, readable = audio:n_channels (), audio:to_readable ()
  local memory = ARDOUR.DSP.DspShm (BLOCK)
  local buffer = memory:to_float (0)
  for done = 0, piece.length - 1, BLOCK do
    local count = math.min (BLOCK, piece.length - done)
    local values = {}
    for channel = 1, channels do
      if readable:read (buffer, piece.offset + done, count, channel - 1) ~= count then
        error ("A file of the region " .. piece.region:name () .. " cannot be read.", 0)
      end
      for index, value in ipairs (buffer:get_table (count)) do values[(index - 1) * channels + channel] = value end
    end
    file:write (packed (values, count * channels))
  end
end

-- Writes a piece as one file, or finds the one that was written before.
local function joined (piece)
  local audio = piece.region:to_audioregion ()
  local channels = audio:n_channels ()
  local start = piece.region:start ():samples () + piece.offset
  local path = string.format (
    "%s/export/longtake-%s-%d-%d.wav", Session:path (), piece.region:source (0):to_stateful ():id ():to_s (), start,
    piece.length)
  local before = io.open (path, "rb")
  if before then
    before:close ()
    return path
  end
  local file, why = io.open (path .. ".part", "wb")
  if not file then error ("The audio could not be handed over: " .. why .. ".", 0) end
  file:write (header (channels, Session:nominal_sample_rate (), piece.length))
  local done, reason = pcall (write_samples, file, piece)
  done = file:close () and done
  if not done or not os.rename (path .. ".part", path) then
    os.remove (path .. ".part")
    error (reason or "The audio could not be handed over: the disk is full.", 0)
  end
  return path
end

-- The fields of what is selected (`delivery_state.Selection`), and its length in quarter notes. Raises a sentence if
-- there is no audio, or it cannot be handed over.
function selection.fields ()
  local found, track = pieces ()
  if #found == 0 then error ("Select one or some regions of audio, or a range of a track with audio.", 0) end
  if #found > MOST then error (string.format ("Select at most %d regions; these are %d.", MOST, #found), 0) end
  local rate, first, last = Session:nominal_sample_rate (), found[1].at, 0
  local fields = {
    parts = #found, beat = song.quarters (first), track = track:name (), name = found[1].region:name (),
    item = found[1].region:to_stateful ():id ():to_s (),
  }
  for number, each in ipairs (found) do
    local path = common_file (each.region)
    local start = path and (each.region:start ():samples () + each.offset) / rate or 0
    fields["path." .. number] = path or joined (each)
    fields["start." .. number] = start
    fields["seconds." .. number] = each.length / rate
    fields["rate." .. number] = 1
    fields["at." .. number] = (each.at - first) / rate
    last = math.max (last, each.at + each.length)
  end
  return fields, song.quarters (last) - fields.beat
end

return selection
