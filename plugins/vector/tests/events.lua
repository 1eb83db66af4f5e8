-- Makes up events, as nobody would write them, and hands them to `caltrop.process`; the same ones for the same round.
local keys = { "message", "timestamp", "k1", "k2", "k3", "k4", "a.b", "", "year", 1, 2, 1.5, true }
local texts = { "error", "fine", "", "\255\0\254", "{\"k3\":[1,{}]}", "<Event><EventID>1</EventID></Event>", "2026-01-01T00:00:00Z", string.rep("x", 300) }
local now = 1767225600

local function value(depth)
  local kind = math.random(12)
  if kind <= 4 then return texts[math.random(#texts)] end
  if kind == 5 then return math.random(0) end
  if kind == 6 then return now + math.random(100) end
  if kind == 7 then return ({ 0 / 0, 1 / 0, -1 / 0, -0.0, 1e300, math.maxinteger, math.mininteger })[math.random(7)] end
  if kind == 8 then return math.random(2) == 1 end
  if kind == 9 then return ({ print, coroutine.create(print), io.stdout })[math.random(3)] end
  if kind == 10 then return os.date("!*t", now + math.random(100)) end
  if depth > 6 then return nil end
  local made = {}
  for _ = 1, math.random(0, 6) do made[keys[math.random(#keys)]] = value(depth + 1) end
  if math.random(50) == 1 then made.k1 = made end
  if math.random(50) == 1 then setmetatable(made, { __index = error, __len = error, __pairs = error }) end
  return made
end

return function(round, events)
  math.randomseed(5975 + round)
  for number = 1, events do
    local log = value(0)
    if math.random(2) == 1 then log = { message = texts[math.random(#texts)], k2 = "g" .. math.random(20), k4 = now + number // 1000 } end
    caltrop.process({ log = log }, function() end)
    if number % 1000 == 0 then caltrop.tick(function() end) end
  end
end
