-- Runs ten times a second in Ardour's editor: takes messages of Longtake, tells it where the song stands, and passes on
-- what the actions (`asking.lua`) were asked for, which run beside it and leave it a file.
--
-- While Ardour imports, or a window of ours is open, it calls this again; then it only gives signs of life.

local home = ...

local function part (name, ...)
  return assert (loadfile (home .. name)) (...)
end

local spool = part "spool.lua"
local song = part "song.lua"
local folder = assert (io.open (home .. "folder")):read ("l")
local asked = folder .. "/ask"

local link = spool.open {
  root = folder,
  daw = "ardour",
  program = "Ardour " .. (home:match ("ardour(%d+)[/\\]longtake") or home:match ("Ardour(%d+)[/\\]longtake") or ""),
  project = function () return Session:name () end,
  place = part ("placing.lua", song),
  clock = function () return ARDOUR.LuaAPI.monotonic_time () / 1e6 end,
  log = function (text) print ("Longtake: " .. text) end,
}
local busy, began = false, false

local function tell (text)
  LuaDialog.Message ("Longtake", text, LuaDialog.MessageType.Warning, LuaDialog.ButtonType.Close):run ()
end

-- What an action left, or nil.
local function left ()
  local file = io.open (asked, "rb")
  if not file then return nil end
  local message = spool.from_lines (file:read ("a"))
  file:close ()
  os.remove (asked)
  return message
end

local function once ()
  local message = link:tick ()
  if busy then return end
  busy = true
  link:stand (song.state ())
  local ask = left ()
  if ask and began and not link:say (ask) then tell ("Longtake does not run. Start it, and ask again.") end
  if message and message.kind == "error" then tell (message.text or "Longtake could not do it.") end
  busy, began = false, true
end

return function ()
  local done, why = pcall (once)  -- Ardour never calls a script again that fails.
  if not done then
    busy = false
    print ("Longtake: " .. tostring (why))
  end
end
