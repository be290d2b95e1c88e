-- Product of two square matrices of floats held as tables of tables.
local n = tonumber(arg[1]) or 20

local function make_matrix(size)
  local scale = 1.0 / size / size
  local rows = {}
  for i = 0, size - 1 do
    local row = {}
    for j = 0, size - 1 do
      row[j + 1] = scale * (i - j) * (i + j)
    end
    rows[i + 1] = row
  end
  return rows
end

local function transpose(m, size)
  local rows = {}
  for i = 1, size do
    local row = {}
    for j = 1, size do
      row[j] = m[j][i]
    end
    rows[i] = row
  end
  return rows
end

local function multiply(a, b, size)
  local columns = transpose(b, size)
  local result = {}
  for i = 1, size do
    local left = a[i]
    local row = {}
    for j = 1, size do
      local right = columns[j]
      local sum = 0.0
      for k = 1, size do
        sum = sum + left[k] * right[k]
      end
      row[j] = sum
    end
    result[i] = row
  end
  return result
end

local function truncate(x)
  return x >= 0 and math.floor(x) or math.ceil(x)
end

local function main()
  local product = multiply(make_matrix(n), make_matrix(n), n)
  local trace = 0.0
  for i = 1, n do
    trace = trace + product[i][i]
  end
  local mid = math.floor(n / 2) + 1
  print(string.format("middle %d", truncate(product[mid][mid] * 1000000000.0)))
  print(string.format("trace %d", truncate(trace * 1000000000.0)))
end

main()
return main
