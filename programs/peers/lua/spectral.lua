-- The spectral norm of an infinite matrix, by the power method.
local n = tonumber(arg[1]) or 10

local function element(i, j)
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end

local function times(v, size)
  local result = {}
  for i = 0, size - 1 do
    local sum = 0.0
    for j = 0, size - 1 do
      sum = sum + element(i, j) * v[j + 1]
    end
    result[i + 1] = sum
  end
  return result
end

local function times_transposed(v, size)
  local result = {}
  for i = 0, size - 1 do
    local sum = 0.0
    for j = 0, size - 1 do
      sum = sum + element(j, i) * v[j + 1]
    end
    result[i + 1] = sum
  end
  return result
end

local function spectral_norm(size)
  local u, v = {}, {}
  for i = 1, size do u[i] = 1.0 end
  for _ = 1, 10 do
    v = times_transposed(times(u, size), size)
    u = times_transposed(times(v, size), size)
  end
  local uv, vv = 0.0, 0.0
  for i = 1, size do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.sqrt(uv / vv)
end

local function main()
  print(string.format("norm %d", math.floor(spectral_norm(n) * 1000000000.0)))
end

main()
return main
