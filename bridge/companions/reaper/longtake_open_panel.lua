-- @description Longtake: open panel
-- @noindex

-- Longtake shows its panel.

local here = ({reaper.get_action_context()})[2]:match("^(.*[/\\])") or ""
local asks = dofile(here .. "longtake_parts/asks.lua")

asks.hand_over({{kind = "ask", act = "open"}}, asks.running())
