-- Builds words letter by letter, joins them, then counts the characters.
local n = tonumber(arg[1]) or 100

local floor, sub = math.floor, string.sub
local LETTERS = "abcdefghijklmnopqrstuvwxyz"

local function build_text(count)
  local words = {}
  local seed = 42
  for i = 0, count - 1 do
    local word = ""
    for _ = 1, 3 + i % 6 do
      seed = (seed * 3877 + 29573) % 139968
      local k = floor(seed * 26 / 139968) + 1
      word = word .. sub(LETTERS, k, k)
    end
    words[i + 1] = word
  end
  return table.concat(words, " ")
end

local function count_characters(text)
  local counts = {}
  for i = 1, #text do
    local c = sub(text, i, i)
    counts[c] = (counts[c] or 0) + 1
  end
  return counts
end

local function main()
  local text = build_text(n)
  local counts = count_characters(text)
  local checksum = 0
  for i = 1, 26 do
    checksum = checksum + i * (counts[sub(LETTERS, i, i)] or 0)
  end
  print(string.format("characters %d", #text))
  print(string.format("spaces %d", counts[" "]))
  print(string.format("checksum %d", checksum))
  print("starts " .. sub(text, 1, 24))
end

main()
return main
