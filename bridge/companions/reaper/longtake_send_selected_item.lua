-- @description Longtake: send selected item to Longtake
-- @noindex

-- The selected items, with the silence between them, become Longtake's recording.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end
local asks, items = part("asks"), part("items")

local chosen = items.selected()
if #chosen == 0 then return asks.refuse("Select the item that is to be sent.") end
local fields, reason = items.selection(chosen)
if not fields then return asks.refuse(reason) end
fields.kind = "selection"
asks.hand_over({fields}, asks.running())
