-- Hooks of your own over an engine: push what you like, and decide what becomes of an alert. In the transform:
--   source: dofile("/etc/vector/hooks.lua")
--   hooks: { process: process, shutdown: shutdown }
--   timers: [{ interval_seconds: 1, handler: tick }]
local caltrop = require("caltrop")

local engine = caltrop.open { rules = "/etc/caltrop/rules" }

local function send(emit)
  engine:drain(function(alert)
    alert.log.severity = "high"
    emit(alert)
  end)
end

function process(event, emit)
  if engine:push(event.log) > 0 then send(emit) end
end

function tick(emit)
  if engine:tick() > 0 then send(emit) end
end

function shutdown(emit)
  engine:flush()
  send(emit)
  engine:close()
end
