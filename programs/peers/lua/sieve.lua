-- The sieve of Eratosthenes over a table of booleans.
local n = tonumber(arg[1]) or 1000

local function sieve(top)
  local prime = {}
  for i = 1, top do prime[i] = true end
  local i = 2
  while i * i <= top do
    if prime[i] then
      for j = i * i, top, i do
        prime[j] = false
      end
    end
    i = i + 1
  end
  return prime
end

local function summarise(prime, top)
  local count, sum, largest = 0, 0, 0
  for i = 2, top do
    if prime[i] then
      count = count + 1
      sum = sum + i
      largest = i
    end
  end
  print(string.format("primes %d", count))
  print(string.format("sum %d", sum))
  print(string.format("largest %d", largest))
end

local function main()
  summarise(sieve(n), n)
end

main()
return main
