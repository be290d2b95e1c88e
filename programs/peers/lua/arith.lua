-- A chain of integer arithmetic in one loop.
local n = tonumber(arg[1]) or 1000

local function churn(steps)
  local acc = 1
  local i = 0
  while i < steps do
    acc = (acc * 3 + i - i % 7) % 1000003
    i = i + 1
  end
  return acc
end

local function main()
  print(string.format("arith %d %d", n, churn(n)))
end

main()
return main
