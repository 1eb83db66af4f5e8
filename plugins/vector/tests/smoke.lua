-- The module in a Lua that is not Vector's: lua5.4 smoke.lua FOLDER_OF_MODULE FOLDER_OF_RULES
package.cpath = arg[1] .. "/?.so"
local hooks = require("caltrop").vector { rules = arg[2], host = "$host" }
local emitted = {}
local function emit(event) emitted[#emitted + 1] = event end

for number = 1, 20000 do
  local message = number % 1000 == 0 and "error code=" .. number or "all is well"
  hooks.process({ log = { message = message, host = "ws1", timestamp = 1767225600 + number } }, emit)
  if number % 16 == 0 then collectgarbage() end
end
hooks.tick(emit)
assert(#emitted == 20, #emitted)
assert(emitted[1].log.code == "1000" and emitted[1].log.timestamp.year == 2026)
hooks.stats(emit)
assert(emitted[21].metric.namespace == "caltrop")
hooks.shutdown(emit)

local fine, message = pcall(require("caltrop").vector, { rules = arg[2], window = "week" })
assert(not fine and message:find("`window`", 1, true), message)
fine, message = pcall(hooks.process, nil, error)
assert(fine, message)
hooks = nil
collectgarbage()
print(_VERSION)
