ardour {
  ["type"] = "EditorAction",
  name = "Longtake: send selection",
  author = "The Longtake authors",
  license = "MIT",
  description = [[Hands the selected regions, or the selected range of a track, to Longtake as its recording.]],
}

-- Ardour keeps a copy of this function once it is added; what it finds here is replaced by a new version.
function factory ()
  local home = ARDOUR.user_config_directory (-1) .. "/longtake/"
  local run, why = loadfile (home .. "asking.lua")
  if run then return run (home, "send") end
  print ("Longtake is not installed as a whole: " .. tostring (why))
  return function () end
end
