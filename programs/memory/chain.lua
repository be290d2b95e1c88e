-- Makes a chain of n records, each of which points to the one before it, and walks along it.
local n = tonumber(arg[1]) or 1000

local function build(count)
  local head = nil
  for i = 0, count - 1 do
    head = { value = i, next = head }
  end
  return head
end

local function walk(link)
  local sum = 0
  while link do
    sum = (sum * 3 + link.value) % 1000003
    link = link.next
  end
  return sum
end

local head = build(n)
print(string.format("chain %d %d", n, walk(head)))
