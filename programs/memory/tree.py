"""Makes a binary tree of n nodes, as even as can be, then counts them and finds the deepest."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


def build(nodes):
    if nodes == 0:
        return None
    left = (nodes - 1) // 2
    return Node(build(left), build(nodes - 1 - left))


def count(node):
    return 0 if node is None else 1 + count(node.left) + count(node.right)


def depth(node):
    return 0 if node is None else 1 + max(depth(node.left), depth(node.right))


root = build(n)
print("tree", count(root), depth(root))
