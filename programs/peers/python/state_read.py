"""Reads of a hundred entries in turn: full turns, and the beginning of one."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
squares = [i * i for i in range(100)]
turns, left = divmod(n, 100)
print(n, "reads, sum", turns * sum(squares) + sum(squares[:left]))
