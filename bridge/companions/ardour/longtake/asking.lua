-- The actions: what the musician asks Longtake for from within Ardour. The hook (`hook.lua`) finds it in a file and
-- passes it on.

local home, act = ...

local function part (name, ...)
  return assert (loadfile (home .. name)) (...)
end

local spool = part "spool.lua"
local song = part "song.lua"
local selection = part ("selection.lua", song)
local folder = assert (io.open (home .. "folder")):read ("l")

local PROMPT = {type = "entry", key = "prompt", title = "What the music is"}
local FIELDS = {
  transform = {
    PROMPT, {type = "slider", key = "strength", title = "How much changes", min = 0, max = 1, digits = 2},
  },
  generate = {PROMPT},
  continue = {PROMPT, {type = "number", key = "seconds", title = "Seconds more", min = 1, max = 600, digits = 1}},
}
local said = {prompt = "", strength = 0.5, seconds = 10}

local function tell (text)
  LuaDialog.Message ("Longtake", text, LuaDialog.MessageType.Warning, LuaDialog.ButtonType.Close):run ()
end

-- What the musician says in a window, with what was said last; false if it was closed.
local function answers ()
  local fields = {}
  for _, field in ipairs (FIELDS[act] or {}) do
    local shown = {default = said[field.key]}
    for name, value in pairs (field) do shown[name] = value end
    fields[#fields + 1] = shown
  end
  if #fields == 0 then return {} end
  local told = LuaDialog.Dialog ("Longtake", fields):run ()
  for name, value in pairs (told or {}) do said[name] = value end
  return told
end

-- Where a new take goes that comes from no audio: the selected range, else the playhead; below the selected track.
local function range ()
  local first, last = song.range ()
  local track = song.selected_track ()
  local beat = song.quarters (first or math.max (0, Session:transport_sample ()))
  return {parts = 0, beat = beat, track = track and track:name () or ""}, last and song.quarters (last) - beat or 0
end

-- Leaves a message for the hook.
local function leave (message)
  local path = folder .. "/ask"
  local waiting = io.open (path, "rb")
  if waiting then
    waiting:close ()
    os.remove (path)
    return tell ("Longtake's hook does not run. Add it under Edit > Lua Scripts > Script Manager > Action Hooks.")
  end
  local file = io.open (path .. ".part", "wb")
  if not file then return tell ("Longtake has not made its folder yet. Start it once.") end
  file:write (spool.to_lines (message))
  file:close ()
  os.rename (path .. ".part", path)
end

local function ask ()
  local chosen = act == "generate" and range or selection.fields
  local done, fields, length = pcall (chosen)
  if not done then return tell (tostring (fields)) end
  if act == "send" then
    fields.kind = "selection"
    return leave (fields)
  end
  local told = answers ()
  if not told then return end
  for name, value in pairs (told) do fields[name] = value end
  fields.kind, fields.act = "ask", act
  fields.req = string.format ("ardour-%d-%06x", os.time (), math.random (0, 0xffffff))
  fields.at, fields.position, fields.length = "beat", fields.beat, length
  fields.beside, fields.track = fields.track, fields.track ~= "" and "below" or "new"
  leave (fields)
end

return function ()
  local done, why = pcall (ask)  -- Ardour never calls an action again that fails.
  if not done then tell ("An error in the script: " .. tostring (why)) end
end
