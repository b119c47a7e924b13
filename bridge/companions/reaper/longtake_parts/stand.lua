-- Where Reaper stands: tempo, metre, position and selection in quarter notes. Changes nothing.

local stand = {}

function stand.project()
  return reaper.GetProjectName(0)
end

-- Seconds: where it plays, or where the cursor is.
function stand.position()
  local state = reaper.GetPlayStateEx(0)
  local moves = state & 1 == 1 or state & 2 == 2
  return moves and reaper.GetPlayPositionEx(0) or reaper.GetCursorPositionEx(0)
end

-- Start and end of the time selection in seconds; equal if there is none.
function stand.selection()
  return reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false)
end

function stand.now()
  local at = stand.position()
  local numerator, denominator, tempo = reaper.TimeMap_GetTimeSigAtTime(0, at)
  local from, to = stand.selection()
  return {
    tempo = tempo,
    numerator = numerator,
    denominator = denominator,
    playing = reaper.GetPlayStateEx(0) & 3 == 1,
    beat = reaper.TimeMap2_timeToQN(0, at),
    selection_start = reaper.TimeMap2_timeToQN(0, from),
    selection_end = reaper.TimeMap2_timeToQN(0, to),
    project = stand.project(),
  }
end

return stand
