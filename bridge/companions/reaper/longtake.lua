-- @description Longtake: takes land on the track
-- @version 1.0.0
-- @author Longtake
-- @about
--   Connects Reaper with Longtake on the same machine: takes land as items where you want them, and selected items go
--   to Longtake to be transformed, continued or bridged. Run it once after Reaper starts; the other actions start it
--   when it does not run.

-- The script that stays in the background: connects, tells where Reaper stands, places takes, passes on what was asked.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""
local function part(name) return dofile(here .. "longtake_parts/" .. name .. ".lua") end

local asks, place, stand, window, folder = part("asks"), part("place"), part("stand"), part("window"), part("folder")
if asks.running() then return end
local spool_path = reaper.file_exists(here .. "spool.lua") and here .. "spool.lua" or here .. "../spool.lua"

local link = dofile(spool_path).open {
  root = folder.spool(here),
  daw = "reaper",
  program = "Reaper " .. reaper.GetAppVersion(),
  project = stand.project,
  place = place.take,
  clock = reaper.time_precise,
  log = function(text) reaper.ShowConsoleMsg("Longtake: " .. text .. "\n") end,
}

local EVERY, PATIENCE = 0.1, 8.0
local told, waiting, since, last = {}, {}, 0, 0

-- Says an error once: a loop that meets it again and again says no more.
local function complain(reason)
  if told[reason] then return end
  told[reason] = true
  reaper.ShowConsoleMsg("Longtake: " .. tostring(reason) .. "\n")
end

-- Passes on what the actions left; a script that has just begun needs a moment to find Longtake.
local function pass_on(now)
  local fresh = asks.taken()
  if #waiting == 0 then since = now end
  for _, ask in ipairs(fresh) do waiting[#waiting + 1] = ask end
  while waiting[1] and link:say(waiting[1]) do
    local ask = table.remove(waiting, 1)
    if ask.req and ask.act ~= "open" then window.asked(ask) end
  end
  if waiting[1] and now - since > PATIENCE then
    waiting = {}
    asks.refuse(link.running and not link.active and "Another Reaper is connected to Longtake. Close it, and try again."
      or "Longtake does not run. Start it, and try again.")
  end
end

local function turn()
  local now = reaper.time_precise()
  asks.tell_alive()
  if now - last >= EVERY then
    last = now
    local message = link:tick()
    if message then window.heard(message) end
    link:stand(stand.now())
    pass_on(now)
  end
  for _, req in ipairs(window.draw()) do link:say {kind = "cancel", req = req} end
end

local function loop()
  local done, reason = pcall(turn)
  if not done then complain(reason) end
  reaper.defer(loop)
end

reaper.atexit(function()
  link:close()
  asks.tell_ended()
end)
loop()
