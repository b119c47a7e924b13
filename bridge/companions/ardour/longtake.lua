ardour {
  ["type"] = "EditorHook",
  name = "Longtake",
  author = "The Longtake authors",
  license = "MIT",
  description = [[Lays takes of Longtake on tracks, and tells Longtake where the song stands.]],
}

function signals ()
  return LuaSignal.Set ():add ({[LuaSignal.LuaTimerDS] = true})
end

-- Ardour keeps a copy of this function once it is added; what it finds here is replaced by a new version.
function factory ()
  local home = ARDOUR.user_config_directory (-1) .. "/longtake/"
  local run, why = loadfile (home .. "hook.lua")
  if run then return run (home) end
  print ("Longtake is not installed as a whole: " .. tostring (why))
  return function () end
end
