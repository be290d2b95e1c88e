"""Writes of a hundred entries in turn: only the last write of each shows."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
held = {}
for i in range(n):
    held[i % 100] = i
print(n, "writes, sum", sum(held.values()))
