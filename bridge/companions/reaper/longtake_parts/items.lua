-- What selected items sound: sections of audio files, at their places. Changes nothing.

local items = {}

local MOST_PARTS = 64
local LEAST = 1e-6

-- A source's file, and how its section lies in it: offset and length in seconds. Nil and a sentence if it has none.
local function file_of(source)
  local offset, length = 0, nil
  local parent = reaper.GetMediaSourceParent(source)
  while parent do
    local known, start, seconds, reverse = reaper.PCM_Source_GetSectionInfo(source)
    if known and reverse then return nil, "It is reversed. Glue it first (Item: Glue items)." end
    if known then
      offset = offset + start
      length = length or seconds
    end
    source, parent = parent, reaper.GetMediaSourceParent(parent)
  end
  local path = reaper.GetMediaSourceFileName(source)
  if path == "" then return nil, "It has no audio file." end
  if not reaper.file_exists(path) then return nil, "Its file is gone: " .. path end
  if not length then
    local whole, in_beats = reaper.GetMediaSourceLength(source)
    if in_beats then return nil, "It has no audio file." end
    length = whole - offset
  end
  return path, offset, length
end

-- The parts of an item; `zero` is when the first part of all begins, s. Nil and a sentence if it has no audio.
function items.parts(item, zero)
  local take = reaper.GetActiveTake(item)
  if not take then return nil, "It is empty." end
  if reaper.TakeIsMIDI(take) then return nil, "It is MIDI. Render it as audio first." end
  local path, offset, length = file_of(reaper.GetMediaItemTake_Source(take))
  if not path then return nil, offset end
  local rate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
  local start = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS")
  local at = reaper.GetMediaItemInfo_Value(item, "D_POSITION") - zero
  local left = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local loops = reaper.GetMediaItemInfo_Value(item, "B_LOOPSRC") == 1
  if loops and length > 0 then
    start = start % length
  elseif start < 0 then
    at, left, start = at - start / rate, left + start / rate, 0
  end
  local parts = {}
  repeat
    local seconds = math.min(left, (length - start) / rate)
    if seconds > LEAST then
      parts[#parts + 1] = {path = path, start = offset + start, seconds = seconds, rate = rate, at = at}
    end
    at, left, start = at + seconds, left - seconds, 0
  until not loops or left <= LEAST or length <= LEAST or #parts > MOST_PARTS
  if #parts == 0 then return nil, "It is silent: nothing of its file lies in it." end
  if #parts > MOST_PARTS then return nil, "It repeats too often. Glue it first (Item: Glue items)." end
  return parts
end

-- The selected items, the first first.
function items.selected()
  local found = {}
  for index = 0, reaper.CountSelectedMediaItems(0) - 1 do
    found[#found + 1] = reaper.GetSelectedMediaItem(0, index)
  end
  table.sort(found, function(a, b) return items.start(a) < items.start(b) end)
  return found
end

function items.start(item) return reaper.GetMediaItemInfo_Value(item, "D_POSITION") end

function items.ends(item) return items.start(item) + reaper.GetMediaItemInfo_Value(item, "D_LENGTH") end

function items.name(item)
  local take = reaper.GetActiveTake(item)
  return take and reaper.GetTakeName(take) or ""
end

-- A track as a message names it: its name if it is the only one of that name, else its number.
function items.track(item)
  local track = reaper.GetMediaItem_Track(item)
  local _, name = reaper.GetSetMediaTrackInfo_String(track, "P_NAME", "", false)
  local same = 0
  for index = 0, reaper.CountTracks(0) - 1 do
    local _, other = reaper.GetSetMediaTrackInfo_String(reaper.GetTrack(0, index), "P_NAME", "", false)
    if other == name then same = same + 1 end
  end
  if name ~= "" and same == 1 then return name end
  return tostring(math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER")))
end

-- The fields of a `selection` for some items, in order; nil and a sentence if one has no audio.
function items.selection(chosen)
  local zero = items.start(chosen[1])
  local fields, count = {}, 0
  for _, item in ipairs(chosen) do
    local parts, reason = items.parts(item, zero)
    if not parts then
      local name = items.name(item)
      return nil, (name ~= "" and name or "An item") .. " cannot be sent. " .. reason
    end
    for _, part in ipairs(parts) do
      count = count + 1
      for key, value in pairs(part) do fields[key .. "." .. count] = value end
    end
  end
  if count > MOST_PARTS then return nil, "That is too many pieces. Glue them first (Item: Glue items)." end
  local _, guid = reaper.GetSetMediaItemInfo_String(chosen[1], "GUID", "", false)
  fields.parts, fields.item, fields.name, fields.track = count, guid, items.name(chosen[1]), items.track(chosen[1])
  fields.beat = reaper.TimeMap2_timeToQN(0, zero)
  return fields
end

return items
