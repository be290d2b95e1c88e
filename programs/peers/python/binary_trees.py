"""Builds and drops many binary trees, while one long-lived tree stays."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 5


class Node:
    __slots__ = ("value", "left", "right")

    def __init__(self, value, left, right):
        self.value = value
        self.left = left
        self.right = right


def build(depth, value):
    if depth == 0:
        return Node(value, None, None)
    return Node(value, build(depth - 1, 2 * value), build(depth - 1, 2 * value + 1))


def count(node):
    if node.left is None:
        return 1
    return 1 + count(node.left) + count(node.right)


def total(node):
    return 0 if node is None else (node.value + total(node.left) + total(node.right)) % 1000003


def deepest(node):
    depth = 0
    while node is not None:
        node = node.left
        depth += 1
    return depth


lasting = build(n, 1)
print("lasting tree", count(lasting), "nodes", deepest(lasting), "levels")
for depth in range(2, n + 1, 3):
    trees = 2 ** (n - depth)
    nodes = 0
    sums = 0
    for i in range(trees):
        tree = build(depth, i + 1)
        nodes += count(tree)
        sums = (sums + total(tree)) % 1000003
    print(trees, "trees of depth", depth, "nodes", nodes, "sum", sums)
print("lasting tree sum", total(lasting))
