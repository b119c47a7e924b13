-- @description Longtake: continue item
-- @noindex

-- The selected item goes on for some seconds; the take begins with the item itself and lies on a new track below it.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end
local asks, items = part("asks"), part("items")

local running = asks.running()
local chosen = items.selected()
if #chosen ~= 1 then return asks.refuse("Select the one item that is to go on.") end
local fields, reason = items.selection(chosen)
if not fields then return asks.refuse(reason) end
local typed = asks.typed("continue", {"Seconds", "Prompt (may be empty)"}, {"10", ""})
if not typed then return end
local seconds = asks.number(typed[1], "Seconds", 0.1, 600)
if not seconds then return end
fields.kind, fields.act, fields.prompt, fields.seconds = "ask", "continue", typed[2], seconds
fields.form, fields.at, fields.position = "item", "beat", fields.beat
fields.beside, fields.track = fields.track, "below"
asks.hand_over({fields}, running)
