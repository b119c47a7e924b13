ardour {
  ["type"] = "EditorAction",
  name = "Longtake: transform selection",
  author = "The Longtake authors",
  license = "MIT",
  description = [[Makes the selected regions, or a range of a track, into something else, on a new track below.]],
}

-- Ardour keeps a copy of this function once it is added; what it finds here is replaced by a new version.
function factory ()
  local home = ARDOUR.user_config_directory (-1) .. "/longtake/"
  local run, why = loadfile (home .. "asking.lua")
  if run then return run (home, "transform") end
  print ("Longtake is not installed as a whole: " .. tostring (why))
  return function () end
end
