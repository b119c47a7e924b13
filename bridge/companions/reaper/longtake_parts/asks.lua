-- How an action hands what the musician asks to the script in the background: through Reaper's own memory of texts.
-- Knows no folder. Every script of Reaper runs on one thread, so nothing comes between reading and writing.

local asks = {}

local SECTION, WAITING, ALIVE = "longtake", "asks", "alive"
local GONE_AFTER = 2.0
local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])longtake_parts[/\\]") or ""
local spool = dofile(reaper.file_exists(here .. "spool.lua") and here .. "spool.lua" or here .. "../spool.lua")

-- The background's side -----------------------------------------------------------------------------------------------

function asks.tell_alive() reaper.SetExtState(SECTION, ALIVE, string.format("%.3f", reaper.time_precise()), false) end

function asks.tell_ended() reaper.DeleteExtState(SECTION, ALIVE, false) end

-- What was left since the last time.
function asks.taken()
  local text = reaper.GetExtState(SECTION, WAITING)
  if text == "" then return {} end
  reaper.DeleteExtState(SECTION, WAITING, false)
  local found = {}
  for each in text:gmatch("(.-\nend\n)") do found[#found + 1] = spool.from_lines(each) end
  return found
end

-- An action's side ----------------------------------------------------------------------------------------------------

-- Whether the script in the background runs; ask before a dialog opens, for it stands still meanwhile.
function asks.running()
  local last = tonumber(reaper.GetExtState(SECTION, ALIVE))
  return last ~= nil and math.abs(reaper.time_precise() - last) < GONE_AFTER
end

local function start()
  local command = reaper.AddRemoveReaScript(true, 0, here .. "longtake.lua", true)
  if command == 0 then
    reaper.MB("The script longtake.lua is not beside this one. Install Longtake's scripts again.", "Longtake", 0)
    return
  end
  reaper.Main_OnCommandEx(command, 0, 0)
end

-- Hands messages over; starts the script in the background unless it ran.
function asks.hand_over(messages, running)
  local text = reaper.GetExtState(SECTION, WAITING)
  for index, message in ipairs(messages) do
    if message.kind == "ask" then message.req = string.format("reaper-%.6f-%d", reaper.time_precise(), index) end
    text = text .. spool.to_lines(message)
  end
  reaper.SetExtState(SECTION, WAITING, text, false)
  if not running then start() end
end

function asks.refuse(text) reaper.MB(text, "Longtake", 0) end

-- What the musician typed into Reaper's own dialog, in order; nil if it was closed.
function asks.typed(title, captions, values)
  local done, text = reaper.GetUserInputs(
    "Longtake: " .. title, #captions, table.concat(captions, ",") .. ",extrawidth=260,separator=\n",
    table.concat(values, "\n")
  )
  if not done then return nil end
  local found = {}
  for value in (text .. "\n"):gmatch("([^\n]*)\n") do found[#found + 1] = value end
  return found
end

-- A number that was typed, within its range; nil after saying what would be right.
function asks.number(text, name, least, most)
  local number = tonumber((text:gsub(",", ".")))
  if number and number >= least and number <= most then return number end
  asks.refuse(string.format("%s is a number from %g to %g.", name, least, most))
end

return asks
