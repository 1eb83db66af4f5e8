-- Hands one event, which no rule selects, to a hook so many times: lua5.4 cost.lua FOLDER_OF_MODULE RULES empty|process EVENTS
package.cpath = arg[1] .. "/?.so"
local hooks = require("caltrop").vector { rules = arg[2], host = "$host", source = "$file" }
-- An empty hook that is written in C, as those of the module are.
local hook = arg[3] == "empty" and rawequal or hooks.process
local pair = " key=a plain value that no rule asks for"
local log = {
  message = ("a line" .. pair:rep(30)):sub(1, 1024),
  host = "ws1.example",
  file = "/var/log/app.log",
  source_type = "file",
  timestamp = os.date("!*t", 1767225600),
}
log.timestamp.nanosec = 5
local event, emit = { log = log }, print
for _ = 1, tonumber(arg[4]) do hook(event, emit) end
