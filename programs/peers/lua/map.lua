-- Fills a table with scattered integer keys, then looks up a second sequence of keys.
local n = tonumber(arg[1]) or 1000

local function fill(count)
  local t = {}
  for i = 0, count - 1 do
    t[i * 7919 % 1000003] = i
  end
  return t
end

local function probe(t, count)
  local hits, sum = 0, 0
  for i = 0, count - 1 do
    local found = t[i * 15838 % 1000003]
    if found ~= nil then
      hits = hits + 1
      sum = sum + found
    end
  end
  print(string.format("hits %d", hits))
  print(string.format("sum %d", sum))
end

local function main()
  local half = math.floor(n / 2)
  local t = fill(half)
  local size = 0
  for _ in pairs(t) do size = size + 1 end
  print(string.format("size %d", size))
  probe(t, half)
end

main()
return main
