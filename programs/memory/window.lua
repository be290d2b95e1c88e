-- Makes ten times n records, of which the last n are kept at any time, and adds up those that are left.
local n = tonumber(arg[1]) or 1000

local function fill(count)
  local items = {}
  for i = 0, count - 1 do
    items[#items + 1] = { number = i, weight = i * 7 % 1000 }
  end
  for i = count, 10 * count - 1 do
    items[i % count + 1] = { number = i, weight = i * 7 % 1000 }
  end
  return items
end

local function total(items)
  local sum = 0
  for i = 1, #items do
    local item = items[i]
    sum = (sum * 3 + item.number + item.weight) % 1000003
  end
  return sum
end

local items = fill(n)
print(string.format("window %d %d", #items, total(items)))
