-- @description Longtake: transform selected items
-- @noindex

-- Each selected item is made into something else, which becomes a new take of it; its other takes stay.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end
local asks, items = part("asks"), part("items")

local running = asks.running()
local chosen = items.selected()
if #chosen == 0 then return asks.refuse("Select the items that are to be transformed.") end
local messages = {}
for index, item in ipairs(chosen) do
  local fields, reason = items.selection({item})
  if not fields then return asks.refuse(reason) end
  messages[index] = fields
end
local typed = asks.typed("transform", {"Prompt", "Strength (0 to 1)"}, {"", "0.6"})
if not typed then return end
local strength = asks.number(typed[2], "Strength", 0, 1)
if not strength then return end
for _, fields in ipairs(messages) do
  fields.kind, fields.act, fields.prompt, fields.strength = "ask", "transform", typed[1], strength
  fields.form, fields.at, fields.position = "take", "beat", fields.beat
end
asks.hand_over(messages, running)
