-- Calls two closures in a loop; each keeps its own running count.
local n = tonumber(arg[1]) or 1000

local function make_counter(step)
  local count = 0
  return function()
    count = count + step
    return count
  end
end

local function drive(rounds)
  local threes = make_counter(3)
  local fives = make_counter(5)
  local acc = 0
  local i = 0
  while i < rounds do
    acc = (acc + threes() + fives()) % 1000003
    i = i + 1
  end
  print(string.format("last %d %d", threes(), fives()))
  return acc
end

local function main()
  print(string.format("closure %d", drive(n)))
end

main()
return main
