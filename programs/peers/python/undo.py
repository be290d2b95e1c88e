"""Writes that are undone leave nothing, so here they are not done; those between them stay."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
held = [1] * 100
for i in range(n):
    held[i % 100] = i
print(n, "undone, sum", sum(held))
