-- Fills a table with n scattered integer keys, then looks all of them up.
local n = tonumber(arg[1]) or 1000

local function build(count)
  local t = {}
  for i = 0, count - 1 do
    t[i * 7919 % 10000019] = i
  end
  return t
end

local function total(t, count)
  local sum = 0
  for i = 0, count - 1 do
    sum = (sum * 3 + t[i * 7919 % 10000019]) % 1000003
  end
  return sum
end

local t = build(n)
print(string.format("numbers %d %d", n, total(t, n)))
