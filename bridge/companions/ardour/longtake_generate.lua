ardour {
  ["type"] = "EditorAction",
  name = "Longtake: generate at range",
  author = "The Longtake authors",
  license = "MIT",
  description = [[Makes a new take as long as the selected range, on a new track below the selected one.]],
}

-- Ardour keeps a copy of this function once it is added; what it finds here is replaced by a new version.
function factory ()
  local home = ARDOUR.user_config_directory (-1) .. "/longtake/"
  local run, why = loadfile (home .. "asking.lua")
  if run then return run (home, "generate") end
  print ("Longtake is not installed as a whole: " .. tostring (why))
  return function () end
end
