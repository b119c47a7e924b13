-- @description Longtake: generate at time selection
-- @noindex

-- Asks for a prompt; the take lies where the time selection is, or else at the cursor.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end
local asks, stand = part("asks"), part("stand")

local running = asks.running()
local typed = asks.typed("generate", {"Prompt"}, {""})
if not typed then return end
local from, to = stand.selection()
local selected = to > from
local track = reaper.GetSelectedTrack(0, 0)
local at = reaper.TimeMap2_timeToQN(0, selected and from or stand.position())
asks.hand_over({{
  kind = "ask", act = "generate", prompt = typed[1], form = "item", at = "beat", position = at,
  length = selected and reaper.TimeMap2_timeToQN(0, to) - at or 0,
  track = track and tostring(math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))) or "new",
}}, running)
