-- Shows what was asked while it is made, in a small window that closes by itself. Escape ends what is being made.

local window = {}

local WIDTH, LINE, MARGIN = 420, 44, 10
local LASTS = 6.0
local ESCAPE, CLOSED = 27, -1
local shown, order = {}, {}
local open, hidden = false, false

local function forget(req)
  shown[req] = nil
  for index = #order, 1, -1 do
    if order[index] == req then table.remove(order, index) end
  end
end

-- Something was asked.
function window.asked(ask)
  local title = ask.prompt or ""
  if title == "" then title = ask.name or "" end
  shown[ask.req] = {title = ask.act .. ": " .. title, text = "asked", fraction = 0}
  order[#order + 1] = ask.req
  hidden = false
end

-- Something was said about it.
function window.heard(message)
  local ask = message.req and shown[message.req]
  if message.kind == "bye" then
    for _, each in pairs(shown) do
      each.text, each.ends = "Longtake has ended.", reaper.time_precise() + LASTS
    end
  elseif not ask then
    return
  elseif message.kind == "progress" then
    ask.fraction, ask.text = message.fraction or 0, message.stage or ""
    if (message.eta or 0) > 0 then ask.text = string.format("%s, %d s left", ask.text, math.ceil(message.eta)) end
  elseif message.kind == "done" then
    forget(message.req)
  elseif message.kind == "error" then
    ask.text, ask.ends, hidden = message.text or "", reaper.time_precise() + 2 * LASTS, false
  end
end

local function draw_line(ask, y)
  local width = gfx.w - 2 * MARGIN
  gfx.set(0.9, 0.9, 0.9, 1)
  gfx.x, gfx.y = MARGIN, y
  gfx.drawstr(ask.title .. " - " .. ask.text, 0, gfx.w - MARGIN, y + 22)
  gfx.set(0.3, 0.3, 0.3, 1)
  gfx.rect(MARGIN, y + 26, width, 8, 1)
  gfx.set(0.35, 0.7, 0.95, 1)
  gfx.rect(MARGIN, y + 26, width * math.max(0, math.min(1, ask.fraction)), 8, 1)
end

local function close()
  if open then gfx.quit() end
  open = false
end

-- Draws it, if there is something to show; gives the requests that the musician wants no more.
function window.draw()
  local now = reaper.time_precise()
  for index = #order, 1, -1 do
    local ends = shown[order[index]].ends
    if ends and now >= ends then forget(order[index]) end
  end
  if #order == 0 or hidden then
    close()
    return {}
  end
  if not open then
    gfx.init("Longtake", WIDTH, MARGIN + LINE * #order, 0)
    gfx.setfont(1, "Arial", 16)
    open = true
  end
  local key = gfx.getchar()
  if key == CLOSED then
    open, hidden = false, true
    return {}
  end
  for index, req in ipairs(order) do draw_line(shown[req], MARGIN + LINE * (index - 1)) end
  gfx.update()
  return key == ESCAPE and {table.unpack(order)} or {}
end

return window
