-- Fibonacci numbers by naive double recursion.
local n = tonumber(arg[1]) or 25

local function fib(k)
  if k < 2 then return k end
  return fib(k - 1) + fib(k - 2)
end

local function main()
  print(string.format("fib %d %d", n, fib(n)))
end

main()
return main
