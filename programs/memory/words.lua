-- Makes n strings of eight characters in one list, all different, and adds up their lengths.
local n = tonumber(arg[1]) or 1000

local function build(count)
  local words = {}
  for i = 0, count - 1 do
    words[#words + 1] = "w" .. (1000000 + i)
  end
  return words
end

local function letters(words)
  local sum = 0
  for i = 1, #words do
    sum = sum + #words[i]
  end
  return sum
end

local words = build(n)
print(string.format("words %d %d %s", #words, letters(words), words[#words] or "none"))
