-- Makes a binary tree of n nodes, as even as can be, then counts them and finds the deepest.
local n = tonumber(arg[1]) or 1000

local function build(nodes)
  if nodes == 0 then return nil end
  local left = math.floor((nodes - 1) / 2)
  return { left = build(left), right = build(nodes - 1 - left) }
end

local function count(node)
  if not node then return 0 end
  return 1 + count(node.left) + count(node.right)
end

local function depth(node)
  if not node then return 0 end
  return 1 + math.max(depth(node.left), depth(node.right))
end

local root = build(n)
print(string.format("tree %d %d", count(root), depth(root)))
