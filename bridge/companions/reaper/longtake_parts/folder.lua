-- Where the folder of messages lies. Knows the places of Longtake's data on each system.

local folder = {}

-- What the installer wrote beside the script, or nil.
local function installed(here)
  local path = here .. "longtake_place.lua"
  if not reaper.file_exists(path) then return nil end
  local done, found = pcall(dofile, path)
  return done and type(found) == "string" and found ~= "" and found or nil
end

-- The folder of Longtake's data.
local function data()
  local own = os.getenv("LONGTAKE_HOME")
  if own and own ~= "" then return own .. "/data" end
  local system = reaper.GetOS()
  local home = os.getenv("HOME") or ""
  if system:find("Win", 1, true) then return (os.getenv("LOCALAPPDATA") or "") .. "/longtake" end
  if system:find("OSX", 1, true) or system:find("macOS", 1, true) then
    return home .. "/Library/Application Support/longtake"
  end
  local shared = os.getenv("XDG_DATA_HOME")
  if not shared or shared == "" then shared = home .. "/.local/share" end
  return shared .. "/longtake"
end

function folder.spool(here) return installed(here) or data() .. "/spool/reaper" end

return folder
