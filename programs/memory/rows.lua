-- Makes n lists of eight integers in one list, and adds up what is in them.
local n = tonumber(arg[1]) or 1000

local function build(count)
  local rows = {}
  for i = 0, count - 1 do
    rows[#rows + 1] = { i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7 }
  end
  return rows
end

local function total(rows)
  local sum = 0
  for i = 1, #rows do
    local row = rows[i]
    for j = 1, #row do
      sum = (sum + row[j]) % 1000003
    end
  end
  return sum
end

local rows = build(n)
print(string.format("rows %d %d", #rows, total(rows)))
