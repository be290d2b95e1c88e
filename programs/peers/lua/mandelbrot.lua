-- Counts the points of an n by n grid that lie in the Mandelbrot set.
local n = tonumber(arg[1]) or 20

local function mandelbrot(size, cap)
  local inside, total = 0, 0
  for y = 0, size - 1 do
    local ci = 2.0 * y / size - 1.0
    for x = 0, size - 1 do
      local cr = 2.0 * x / size - 1.5
      local zr, zi, zr2, zi2 = 0.0, 0.0, 0.0, 0.0
      local k = 0
      while k < cap and zr2 + zi2 <= 4.0 do
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
        zr2 = zr * zr
        zi2 = zi * zi
        k = k + 1
      end
      total = total + k
      if k == cap then
        inside = inside + 1
      end
    end
  end
  print(string.format("inside %d", inside))
  print(string.format("iterations %d", total))
end

local function main()
  mandelbrot(n, 50)
end

main()
return main
