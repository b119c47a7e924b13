-- Where the song stands, and places in it: quarter notes to samples and back, its tracks, what is selected. Knows
-- nothing of messages.

local song = {}

local TICKS = Temporal.ticks_per_beat

local function sample_of (tick)
  return Temporal.timepos_t.from_ticks (tick):samples ()
end

-- Quarter notes from the start of the song to a sample, finer than Ardour's ticks: `song.sample` gives it again.
function song.quarters (sample)
  local tick = Temporal.timepos_t (sample):ticks ()
  while tick > 0 and sample_of (tick) > sample do tick = tick - 1 end
  local before = sample_of (tick)
  return (tick + (sample - before) / math.max (1, sample_of (tick + 1) - before)) / TICKS
end

-- The sample at so many quarter notes, by the tempo map.
function song.sample (quarters)
  local ticks = quarters * TICKS
  local tick = math.floor (ticks + 1e-6)
  local before = sample_of (tick)
  return math.floor (before + (ticks - tick) * (sample_of (tick + 1) - before) + 0.5)
end

-- `bar 5, beat 1`, for people.
function song.bar (sample)
  local place = Temporal.TempoMap.read ():bbt_at (Temporal.timepos_t (sample))
  return string.format ("bar %d, beat %d", place.bars, place.beats)
end

-- The first and the last sample of the selected range, or of the loop while it loops; nil if there is neither.
function song.range ()
  local time = Editor:get_selection ().time
  if time:start_sample () < time:end_sample () then return time:start_sample (), time:end_sample () end
  local loop = Session:get_play_loop () and Session:locations ():auto_loop_location ()
  if loop then return loop:start ():samples (), loop:_end ():samples () end
end

-- The fields of a `state`.
function song.state ()
  local now = math.max (0, Session:transport_sample ())
  local map, here = Temporal.TempoMap.read (), Temporal.timepos_t (now)
  local meter = map:meter_at (here)
  local first, last = song.range ()
  return {
    tempo = map:quarters_per_minute_at (here),
    numerator = math.floor (meter:divisions_per_bar ()),
    denominator = math.floor (meter:note_value ()),
    playing = Session:transport_rolling (),
    beat = song.quarters (now),
    selection_start = first and song.quarters (first) or 0,
    selection_end = last and song.quarters (last) or 0,
    project = Session:name (),
  }
end

local function by_order (routes)
  local found = {}
  for route in routes:iter () do
    if not route:to_track ():isnil () then found[#found + 1] = route end
  end
  table.sort (found, function (a, b)
    return a:presentation_info_ptr ():order () < b:presentation_info_ptr ():order ()
  end)
  return found
end

-- All tracks, from top to bottom.
function song.tracks ()
  return by_order (Session:get_tracks ())
end

function song.takes_audio (route)
  return route:data_type ():to_string () == "audio"
end

-- The topmost selected track for audio, or nil.
function song.selected_track ()
  for _, route in ipairs (by_order (Editor:get_selection ().tracks:routelist ())) do
    if song.takes_audio (route) then return route end
  end
end

return song
