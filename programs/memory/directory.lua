-- Fills a table with n records by string keys, each of which its record holds too, then finds them again by keys that are made anew.
local n = tonumber(arg[1]) or 1000

local function build(count)
  local t = {}
  for i = 0, count - 1 do
    local key = "k" .. (1000000 + i)
    t[key] = { name = key, size = i }
  end
  return t
end

local function total(t, count)
  local sum = 0
  for i = 0, count - 1 do
    local entry = t["k" .. (1000000 + i)]
    sum = (sum * 3 + entry.size + #entry.name) % 1000003
  end
  return sum
end

local t = build(n)
print(string.format("directory %d %d", n, total(t, n)))
