-- @description Longtake: open panel
-- @noindex

-- Longtake shows its panel.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local asks = dofile(here .. "longtake_parts/asks.lua")

asks.hand_over({{kind = "ask", act = "open"}}, asks.running())
