-- Carries messages between a script inside a DAW and Longtake, as files in a folder. Knows no DAW.
--
-- Plain Lua 5.3 or 5.4 with io and os, no library. The folder of one DAW, made by Longtake:
--
--   longtake.alive   Longtake's sign of life: session, first, sent, tick. `sent` counts the messages of this session,
--                    `first` is the oldest that may still lie there, so nobody needs to list a folder.
--   daw.alive        ours: instance, tick. A second DAW that finds it ticking stays passive until it stands still.
--   to_daw/SESSION-NUMBER.msg       from_daw/INSTANCE-NUMBER.msg       a message each
--   taken/INSTANCE.msg              the message that this instance works at
--   placed                          the ids that were placed, one a line
--
-- A message is a line `key=value` for each field and a last line `end`. `bridge/delivery/messages.py` has the fields.
-- No clock of a file is read: a sign of life is one that changes.
--
--   local spool = dofile(folder .. "/spool.lua")
--   local link = spool.open {
--     root = "...", daw = "ardour", program = "Ardour 8",
--     project = function() return "name" end,
--     place = function(message) return {ok = true, text = "...", track = "...", beat = 0} end,
--     clock = os.time,               -- seconds, never backwards; a finer one is better
--     log = function(text) end,
--   }
--   local message = link:tick()      -- call it often; at most one message, or nil
--   link:stand {tempo = 120, ...}    -- a `state`; sent when it differs from what Longtake reckons
--   link:say {kind = "ask", ...}     -- false if Longtake does not run
--   link:close()
--
-- `place` is called once for each id. It may raise an error (a table {code=, text=} or a string), or return nil and
-- `link:answer {ok = ...}` be called later; until then no other message is read.
-- link.running: Longtake lives. link.active: this instance speaks for the DAW.
-- In a script of one file, put all of this into `local spool = (function() ... end)()`.

local GONE_AFTER = 3.0
local BEAT_EVERY = 1.0
local SETTLES = 1.1  -- More than the second that a coarse clock may be off.
local LARGEST = 65536
local REMEMBERED = 500
local PROTOCOL = 1

local NUMBERS = {
  protocol = true, seconds = true, beats = true, tempo = true, position = true, length = true, fraction = true,
  eta = true,
}
local SWITCHES = {loop = true}

local spool = {}

-- Text of a message ---------------------------------------------------------------------------------------------------

local function written(value)
  if type(value) == "boolean" then return value and "true" or "false" end
  if type(value) == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "0" end
    if value == math.floor(value) and math.abs(value) < 1e15 then return string.format("%d", math.floor(value)) end
    return (string.format("%.17g", value):gsub(",", "."))
  end
  return (tostring(value):gsub("%%", "%%25"):gsub("\n", "%%0A"):gsub("\r", "%%0D"):gsub("\0", ""))
end

function spool.to_lines(message)
  local names = {}
  for name in pairs(message) do names[#names + 1] = name end
  table.sort(names)
  local lines = {}
  for _, name in ipairs(names) do lines[#lines + 1] = name .. "=" .. written(message[name]) end
  lines[#lines + 1] = "end\n"
  return table.concat(lines, "\n")
end

-- The fields of a text, all as text; nil if it is not whole.
local function fields_of(text)
  if not text or text:sub(-5) ~= "\nend\n" then return nil end
  local fields = {}
  for line in text:sub(1, -5):gmatch("([^\n]*)\n") do
    local name, value = line:match("^([^=]+)=(.*)$")
    if not name then return nil end
    fields[name] = value:gsub("%%0D", "\r"):gsub("%%0A", "\n"):gsub("%%25", "%%")
  end
  return fields
end

-- A message with numbers and switches as such; nil if it is not whole or a field is wrong.
function spool.from_lines(text)
  local message = fields_of(text)
  if not message or not message.kind then return nil end
  for name, value in pairs(message) do
    if NUMBERS[name] then
      local number = tonumber(value)
      if not number then return nil end
      message[name] = number
    elseif SWITCHES[name] then
      message[name] = value == "true"
    end
  end
  return message
end

-- Files ---------------------------------------------------------------------------------------------------------------

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read(LARGEST + 1)
  file:close()
  return text or ""
end

local function write(path, text)
  local file = io.open(path, "wb")
  if not file then return false end
  local done = file:write(text)
  return file:close() and done and true or false
end

local function write_whole(path, text)
  if write(path .. ".tmp", text) and os.rename(path .. ".tmp", path) then return true end
  os.remove(path .. ".tmp")
  return false
end

-- The ids that were placed --------------------------------------------------------------------------------------------

local function read_placed(root)
  local known, order = {}, {}
  for id in (read(root .. "/placed") or ""):gmatch("([^\n]+)\n") do
    if not known[id] then
      known[id] = true
      order[#order + 1] = id
    end
  end
  return known, order
end

-- One DAW's link ------------------------------------------------------------------------------------------------------

local Link = {}
Link.__index = Link

function spool.open(options)
  local self = setmetatable({}, Link)
  self.root, self.daw, self.program = options.root, options.daw, options.program or options.daw
  self.project = options.project or function() return "" end
  self.place = options.place
  self.clock = options.clock or os.time
  self.log = options.log or function() end
  local mark = tostring(self):gsub("[^%x]", ""):sub(-6)
  self.instance = string.format("%010d-%s%06x", os.time(), mark, math.random(0, 0xffffff))
  self.running, self.active = false, false
  self.count = 0
  self.tick_number = 0
  return self
end

-- Whether this instance speaks for the DAW; writes its sign of life.
function Link:_lead(now)
  local path = self.root .. "/daw.alive"
  local text = read(path)
  local fields = fields_of(text)
  local mine = fields and fields.instance == self.instance
  if self.active then
    if fields and not mine then
      self.active, self.claimed = false, nil
      self.log("Another instance speaks for this DAW now.")
    elseif not mine or now - self.beaten >= BEAT_EVERY then
      self:_beat(path, now)
    end
  elseif mine and self.claimed then
    if now - self.claimed >= SETTLES then
      self.active = true
      self:_inherit()
      self:_beat(path, now)
    end
  elseif text == nil or (text == self.seen and now - self.seen_at > GONE_AFTER) then
    self.before = fields and fields.instance or self.before
    if self:_beat(path, now) then self.claimed = self.clock() end
  elseif text ~= self.seen then
    self.seen, self.seen_at, self.claimed = text, now, nil
  end
end

function Link:_beat(path, now)
  self.tick_number = self.tick_number + 1
  self.beaten = now
  return write(path, spool.to_lines {instance = self.instance, tick = self.tick_number})
end

-- Answers what the instance before this one took and did not answer.
function Link:_inherit()
  if not self.before or self.before == self.instance then return end
  local path = self.root .. "/taken/" .. self.before .. ".msg"
  local message = spool.from_lines(read(path))
  if message and message.kind == "place" and message.id then
    if read_placed(self.root)[message.id] then
      self:_write {kind = "answer", id = message.id, ok = true, text = "It lies there."}
    else
      self:_write {
        kind = "answer", id = message.id, ok = false, code = "unsure",
        text = "The DAW ended while it was being placed. Look whether it lies there; if not, send it again.",
      }
    end
  end
  os.remove(path)
  self.before = nil
end

-- Whether Longtake lives; gives its sign of life, and whether it began anew.
function Link:_listen(now)
  local text = read(self.root .. "/longtake.alive")
  local fields = fields_of(text)
  if fields and text ~= self.heard then
    -- The first sight may be what a Longtake that crashed left behind.
    self.heard_at = self.heard and now or -math.huge
    self.heard, self.there = text, fields
  end
  local before = self.running
  self.running = text ~= nil and self.there ~= nil and now - self.heard_at <= GONE_AFTER
  if not self.running then return before and "gone" or nil end
  if self.session ~= self.there.session or not before then
    if self.session ~= self.there.session then
      self.session, self.next = self.there.session, tonumber(self.there.first) or 1
    end
    return "new"
  end
end

-- To be called often; gives one message, or nil. `bye` also tells that Longtake is gone.
function Link:tick()
  local now = self.clock()
  self:_lead(now)
  local news = self:_listen(now)
  if news == "gone" then
    self.greeted = nil
    return {kind = "bye"}
  end
  if not self.active then
    self.greeted = nil
    return nil
  end
  if not self.running then return nil end
  if news == "new" or not self.greeted then
    self.told = nil
    self.greeted = self:_write {
      kind = "hello", protocol = PROTOCOL, daw = self.daw, instance = self.instance, program = self.program,
      project = self.project(),
    }
  end
  if self.held or not self:_tell_answer() then return nil end
  local message = self:_take(now)
  if not message or message.kind ~= "place" then return message end
  self:_place(message)
  return message
end

-- Takes the next message out of the folder.
function Link:_take(now)
  local sent = tonumber(self.there.sent) or 0
  self.next = math.max(self.next, tonumber(self.there.first) or 1)
  while self.next <= sent do
    local path = string.format("%s/to_daw/%s-%08d.msg", self.root, self.session, self.next)
    local mine = self.root .. "/taken/" .. self.instance .. ".msg"
    local text = read(path)
    local message = text and #text <= LARGEST and spool.from_lines(text)
    if text and not message and self:_still_waits(now) then return nil end
    local claimed = message and self:_claim(path, mine)
    -- Windows renames no file that a virus scanner has open; one that was withdrawn is gone.
    if message and not claimed and read(path) and self:_still_waits(now) then return nil end
    self.next, self.waits = self.next + 1, nil
    if claimed then
      if message.kind ~= "place" then os.remove(mine) end
      return message
    elseif text and not message then
      os.rename(path, path .. ".damaged")
      self.log("A message of Longtake was damaged.")
    end
  end
end

function Link:_claim(path, mine)
  os.remove(mine)
  return os.rename(path, mine)
end

-- Whether a message that cannot be taken now may yet be.
function Link:_still_waits(now)
  self.waits = self.waits or now
  return now - self.waits <= GONE_AFTER
end

function Link:_place(message)
  self.held = message.id
  if not message.id then return self:answer {ok = false, code = "failed", text = "It has no id."} end
  if read_placed(self.root)[message.id] then
    return self:answer {ok = true, text = "It lies there already."}
  end
  local done, answer = pcall(self.place, message)
  if not done then
    local reason = answer
    answer = {ok = false, code = "failed"}
    if type(reason) == "table" then
      answer.code, answer.text = reason.code or "failed", reason.text or ""
    else
      answer.text = "An error in the script: " .. tostring(reason)
    end
  end
  if answer then self:answer(answer) end
end

-- Answers the place that is being worked at.
function Link:answer(answer)
  local id = self.held or ""
  if answer.ok then self:_remember(id) end
  self.unsaid = {kind = "answer", id = id}
  for name, value in pairs(answer) do self.unsaid[name] = value end
  self.held = nil
  self:_tell_answer()
end

-- Writes the last answer and lets its message go; false while the disk does not take it.
function Link:_tell_answer()
  if not self.unsaid then return true end
  if not self:_write(self.unsaid) then return false end
  self.unsaid = nil
  os.remove(self.root .. "/taken/" .. self.instance .. ".msg")
  return true
end

function Link:_remember(id)
  local path = self.root .. "/placed"
  local known, order = read_placed(self.root)
  if known[id] then return end
  order[#order + 1] = id
  if #order > 2 * REMEMBERED then
    write_whole(path .. ".new", table.concat(order, "\n", #order - REMEMBERED + 1) .. "\n")
    os.remove(path)
    os.rename(path .. ".new", path)
    return
  end
  local file = io.open(path, "ab")
  if not file then return end
  file:write(id, "\n")
  file:close()
end

-- Tells where the DAW stands, if Longtake would reckon otherwise; it counts on by itself while the DAW plays.
function Link:stand(state)
  if not (self.running and self.greeted) then return false end
  local now = self.clock()
  local told = self.told
  local reckoned = told and (told.beat or 0)
  if told and told.playing then reckoned = reckoned + (now - self.told_at) * (told.tempo or 0) / 60 end
  local same = told ~= nil and math.abs((state.beat or 0) - reckoned) < 0.02 + (told.playing and 0.1 or 0)
  for name, value in pairs(state) do
    if name ~= "beat" and (not told or told[name] ~= value) then same = false end
  end
  if same and not (told.playing and now - self.told_at >= 2) then return false end
  local message = {kind = "state"}
  for name, value in pairs(state) do message[name] = value end
  if not self:_write(message) then return false end
  self.told, self.told_at = state, now
  return true
end

-- Says something; false if Longtake does not run, or the disk took it not.
function Link:say(message)
  if not (self.running and self.greeted) then return false end
  return self:_write(message)
end

function Link:_write(message)
  local text = spool.to_lines(message)
  if #text > LARGEST then
    self.log("A message is too large for Longtake.")
    return false
  end
  self.count = self.count + 1
  return write_whole(string.format("%s/from_daw/%s-%08d.msg", self.root, self.instance, self.count), text)
end

-- Says bye; another instance takes over at once.
function Link:close()
  if not self.active then return end
  self:_write {kind = "bye"}
  local fields = fields_of(read(self.root .. "/daw.alive"))
  if fields and fields.instance == self.instance then os.remove(self.root .. "/daw.alive") end
  self.active, self.running, self.claimed = false, false, nil
end

return spool
