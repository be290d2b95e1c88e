-- Runs the main function of a program again and again in one process, as standard input asks, and times it.
-- Usage: driver.lua PROGRAM SIZE. programs/README.md has the protocol.
local path, size = arg[1], arg[2]

local printed = {}
function print(...)
  local words = {}
  for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
  printed[#printed + 1] = table.concat(words, "\t") .. "\n"
end

arg = { [0] = path, size }
local main = dofile(path)

for request in io.lines() do
  local runs = tonumber(request:match("^run (%d+)$"))
  printed = {}
  local begun = os.clock()
  for _ = 1, runs do main() end
  local seconds = os.clock() - begun
  local output = table.concat(printed)
  io.write(string.format("%.0f %d\n", seconds * 1e9, #output), output)
  io.flush()
end
