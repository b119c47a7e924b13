-- Places a take in the project: as an item on a track, or as a take of the item it comes from. Knows no messages but
-- the fields of a `place`. Everything is checked before anything is changed, and what is changed is one step of undo.

local place = {}

local EXTENSION = "longtake"
local BUILD_PEAKS, LOCKING = 40047, 1135
local SAME_TEMPO = 0.01

local function refuse(code, text) error({code = code, text = text}, 0) end

-- Tracks --------------------------------------------------------------------------------------------------------------

local function track_name(track)
  local _, name = reaper.GetSetMediaTrackInfo_String(track, "P_NAME", "", false)
  return name
end

local function track_number(track)
  return math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
end

-- The track of a name, or of a number from 1.
local function find_track(project, name)
  local count = reaper.CountTracks(project)
  for index = 0, count - 1 do
    local track = reaper.GetTrack(project, index)
    if track_name(track) == name then return track end
  end
  local number = tonumber(name)
  if number and number == math.floor(number) and number >= 1 and number <= count then
    return reaper.GetTrack(project, math.floor(number) - 1)
  end
  refuse("no_track", "There is no track " .. name .. ". Name one that is there, or send it to a new track.")
end

-- The track that is meant, or nil and the index at which a new one is to be made.
local function choose_track(project, message)
  local last = reaper.CountTracks(project)
  local track = message.track or ""
  if track == "new" then return nil, last end
  if track == "below" then
    local beside = message.beside or ""
    local above = beside ~= "" and find_track(project, beside) or reaper.GetSelectedTrack(project, 0)
    return nil, above and track_number(above) or last
  end
  if track ~= "" then return find_track(project, track) end
  return reaper.GetSelectedTrack(project, 0), last
end

-- Times ---------------------------------------------------------------------------------------------------------------

-- The end of the last item on a track, s; 0 for none.
local function end_of(track)
  local last = 0
  for index = 0, (track and reaper.CountTrackMediaItems(track) or 0) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local ends = reaper.GetMediaItemInfo_Value(item, "D_POSITION") + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    last = math.max(last, ends)
  end
  return last
end

local function start_of(project, message, track)
  if message.at == "beat" then return reaper.TimeMap2_QNToTime(project, message.position or 0) end
  if message.at == "time" then return message.position or 0 end
  if message.at == "end" then return end_of(track) end
  local plays = reaper.GetPlayStateEx(project) & 1 == 1
  return plays and reaper.GetPlayPositionEx(project) or reaper.GetCursorPositionEx(project)
end

-- How long the item is, s: in the project's own tempo a loop ends exactly on its beat, and fills what was selected.
local function length_of(project, message, start)
  local beats = message.beats or 0
  local _, _, tempo = reaper.TimeMap_GetTimeSigAtTime(project, start)
  if not message.loop or beats <= 0 or math.abs(tempo - (message.tempo or 0)) > SAME_TEMPO then
    return message.seconds or 0
  end
  local from = reaper.TimeMap2_timeToQN(project, start)
  return reaper.TimeMap2_QNToTime(project, from + math.max(beats, message.length or 0)) - start
end

-- Items ---------------------------------------------------------------------------------------------------------------

local function find_item(project, guid)
  for index = 0, reaper.CountMediaItems(project) - 1 do
    local item = reaper.GetMediaItem(project, index)
    local _, found = reaper.GetSetMediaItemInfo_String(item, "GUID", "", false)
    if found == guid then return item end
  end
  refuse("no_track", "The item that this take belongs to is gone. Send it to a track instead.")
end

local function check_unlocked(item)
  if math.floor(reaper.GetMediaItemInfo_Value(item, "C_LOCK")) & 1 == 1 then
    refuse("locked", "The item is locked. Unlock it, and send the take again.")
  end
  if reaper.GetToggleCommandState(LOCKING) == 1 then
    refuse("locked", "Locking is switched on in Reaper. Switch it off, and send the take again.")
  end
end

-- A new take of an item, with the sound; the item's other takes stay.
local function add_take(item, source, message)
  local take = reaper.AddTakeToMediaItem(item)
  if not take or not reaper.SetMediaItemTake_Source(take, source) then error("Reaper made no take.", 0) end
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", message.name or "", true)
  reaper.GetSetMediaItemTakeInfo_String(take, "P_EXT:" .. EXTENSION, message.id, true)
  reaper.SetActiveTake(take)
end

local function add_item(made, plan, message)
  local track = plan.track
  if not track then
    reaper.InsertTrackAtIndex(plan.index, true)
    track = reaper.GetTrack(plan.project, plan.index)
    made.track = track
    reaper.GetSetMediaTrackInfo_String(track, "P_NAME", message.name or "", true)
  end
  local item = reaper.AddMediaItemToTrack(track)
  made.item, made.on = item, track
  reaper.SetMediaItemInfo_Value(item, "D_POSITION", plan.start)
  reaper.SetMediaItemInfo_Value(item, "D_LENGTH", plan.length)
  reaper.SetMediaItemInfo_Value(item, "B_LOOPSRC", message.loop and 1 or 0)
  add_take(item, plan.source, message)
  return track
end

-- Takes back what was made before something went wrong.
local function unmake(made)
  if made.item then reaper.DeleteTrackMediaItem(made.on, made.item) end
  if made.track then reaper.DeleteTrack(made.track) end
end

-- The whole -----------------------------------------------------------------------------------------------------------

-- What is to be done; refuses what cannot be.
local function planned(message)
  local project = reaper.EnumProjects(-1)
  if not project then refuse("failed", "No project is open in Reaper.") end
  if reaper.GetPlayStateEx(project) & 4 == 4 then
    refuse("recording", "Reaper records; the take is placed when it has stopped.")
  end
  if not reaper.file_exists(message.path or "") then
    refuse("bad_path", "The file of the take is gone: " .. (message.path or ""))
  end
  local plan = {project = project}
  if message.form == "take" and (message.item or "") ~= "" then
    plan.item = find_item(project, message.item)
    check_unlocked(plan.item)
    plan.start = reaper.GetMediaItemInfo_Value(plan.item, "D_POSITION")
  else
    plan.track, plan.index = choose_track(project, message)
    plan.start = start_of(project, message, plan.track)
    plan.length = length_of(project, message, plan.start)
    if plan.length <= 0 then refuse("failed", "The take has no length.") end
  end
  plan.source = reaper.PCM_Source_CreateFromFile(message.path)
  if not plan.source then refuse("bad_path", "Reaper cannot read the file " .. message.path) end
  return plan
end

local function carried_out(plan, made, message)
  if not plan.item then return add_item(made, plan, message) end
  add_take(plan.item, plan.source, message)
  reaper.UpdateItemInProject(plan.item)
  return reaper.GetMediaItem_Track(plan.item)
end

-- Places a take; gives the answer, or raises {code=, text=}.
function place.take(message)
  local project = reaper.EnumProjects(-1)
  if project and reaper.GetProjExtState(project, EXTENSION, message.id) > 0 then
    return {ok = true, text = "It lies there already."}
  end
  local plan, made = planned(message), {}
  reaper.Undo_BeginBlock2(plan.project)
  reaper.PreventUIRefresh(1)
  local done, result = pcall(carried_out, plan, made, message)
  if done then
    reaper.SetProjExtState(plan.project, EXTENSION, message.id, "1")
  else
    pcall(unmake, made)
  end
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(plan.project, "Longtake: " .. (message.name or ""), -1)
  reaper.UpdateArrange()
  if not done then error(result, 0) end
  reaper.Main_OnCommandEx(BUILD_PEAKS, 0, plan.project)
  local name = track_name(result)
  if name == "" then name = tostring(track_number(result)) end
  return {ok = true, text = "On track " .. name .. ".", track = name,
    beat = reaper.TimeMap2_timeToQN(plan.project, plan.start)}
end

return place
