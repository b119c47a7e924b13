-- Lays a take on a track: `place` of a message. Ardour copies the file into the session and draws a region of it.
-- Knows nothing of how the message came.

local song = ...

local function refuse (code, text)
  error ({code = code, text = text}, 0)
end

-- What stands in the way of everything.
local function check (message)
  if Session:actively_recording () then refuse ("recording", "Ardour is recording.") end
  if Session:collected_undo_commands () then refuse ("recording", "Something is being edited in Ardour.") end
  local file = io.open (message.path, "rb")
  if not file then refuse ("bad_path", "Ardour cannot read the file " .. message.path .. ".") end
  file:close ()
  local probe = Session:path () .. "/longtake.probe"
  local written = io.open (probe, "wb")
  if not written then refuse ("locked", "Ardour's session cannot be written, so nothing can be added to it.") end
  written:close ()
  os.remove (probe)
end

-- A track by its name, or by its number from 1, counted from the top.
local function named (name)
  local tracks = song.tracks ()
  local found = tracks[tonumber (name) or 0]
  for _, route in ipairs (tracks) do
    if route:name () == name then found = route end
  end
  if not found then refuse ("no_track", "There is no track " .. name .. " in Ardour.") end
  return found
end

-- The track of the message, or nil and the place of a new one among the tracks.
local function where (message)
  if message.track == "new" then return nil, ARDOUR.PresentationInfo.max_order end
  if message.track == "below" then
    local beside = (message.beside or "") ~= "" and named (message.beside) or song.selected_track ()
    return nil, beside and beside:presentation_info_ptr ():order () + 1 or ARDOUR.PresentationInfo.max_order
  end
  if (message.track or "") == "" then return song.selected_track (), ARDOUR.PresentationInfo.max_order end
  local route = named (message.track)
  if not song.takes_audio (route) then refuse ("no_track", "The track " .. route:name () .. " takes no audio.") end
  return route
end

-- The first sample after everything on a track.
local function end_of (route)
  local last = 0
  for region in route:to_track ():playlist ():region_list ():iter () do
    last = math.max (last, (region:position () + region:length ()):samples ())
  end
  return last
end

local function sample_of (message, route)
  if message.at == "beat" then return song.sample (message.position) end
  if message.at == "time" then return math.floor (message.position * Session:nominal_sample_rate () + 0.5) end
  if message.at == "end" then return route and end_of (route) or 0 end
  return math.max (0, Session:transport_sample ())
end

-- The file as a region that lies nowhere yet.
local function imported (path)
  local before = {}
  for id in ARDOUR.RegionFactory.regions ():iter () do before[id:to_s ()] = true end
  local files = C.StringVector ()
  files:push_back (path)
  local names = ARDOUR.MidiTrackNameSource
  Editor:do_import (
    files, Editing.ImportDistinctFiles, Editing.ImportAsRegion, ARDOUR.SrcQuality.SrcBest,
    names.SMFTrackName or names.SMFFileAndTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore,
    Temporal.timepos_t (0), ARDOUR.PluginInfo (), ARDOUR.Track (), false)
  for id, region in ARDOUR.RegionFactory.regions ():iter () do
    if not before[id:to_s ()] and region:whole_file () then return region end
  end
  refuse ("failed", "Ardour did not take the file " .. path .. ".")
end

local function new_track (name, channels, order)
  local main = Session:master_out ()
  local outs = main:isnil () and channels or main:n_inputs ():n_audio ()
  local _, group = pcall (function () return ARDOUR.RouteGroup () end)  -- Ardour 8 wants an empty one, 7 wants nil.
  local made = Session:new_audio_track (
    channels, outs, type (group) == "userdata" and group or nil, 1, name, order, ARDOUR.TrackMode.Normal, true, false)
  for track in made:iter () do return track end
  refuse ("failed", "Ardour made no new track.")
end

-- A region of an imported file on a track; one step of undo takes it away again.
local function lay (region, route, sample, name, loop)
  local playlist = route:to_track ():playlist ()
  Session:begin_reversible_command ("Longtake: " .. name)
  playlist:to_stateful ():clear_changes ()
  local copy = ARDOUR.RegionFactory.clone_region (region, true, false)
  copy:set_name (name)
  if loop then  -- Two of them in a row would dip where they meet.
    copy:to_audioregion ():set_fade_in_active (false)
    copy:to_audioregion ():set_fade_out_active (false)
  end
  playlist:add_region (copy, Temporal.timepos_t (sample), 1, false)
  Session:add_stateful_diff_command (playlist:to_statefuldestructible ())
  if not Session:abort_empty_reversible_command () then Session:commit_reversible_command (nil) end
end

return function (message)
  check (message)
  local route, order = where (message)
  local sample = sample_of (message, route)
  local name = (message.name or ""):gsub ("[%c/\\:]", " ")
  local region = imported (message.path)
  route = route or new_track (name, region:to_audioregion ():n_channels (), order)
  lay (region, route, sample, name, message.loop)
  return {
    ok = true,
    track = route:name (),
    beat = song.quarters (sample),
    text = string.format ("On the track %s, at %s.", route:name (), song.bar (sample)),
  }
end
