-- @description Longtake: fill the gap
-- @noindex

-- The gap between two selected items is filled; the take holds both and what joins them, on a new track below.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end
local asks, items = part("asks"), part("items")

local running = asks.running()
local chosen = items.selected()
if #chosen ~= 2 then return asks.refuse("Select the two items with the gap between them.") end
local gap_start, gap_end = items.ends(chosen[1]), items.start(chosen[2])
if gap_end - gap_start < 0.01 then return asks.refuse("There is no gap between these two items.") end
local fields, reason = items.selection(chosen)
if not fields then return asks.refuse(reason) end
local typed = asks.typed("fill the gap", {"Prompt (may be empty)"}, {""})
if not typed then return end
local zero = items.start(chosen[1])
fields.kind, fields.act, fields.prompt = "ask", "fill", typed[1]
fields.gap_start, fields.gap_end = gap_start - zero, gap_end - zero
fields.form, fields.at, fields.position = "item", "beat", fields.beat
fields.beside, fields.track = fields.track, "below"
asks.hand_over({fields}, running)
