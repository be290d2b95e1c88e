"""Streams of numbers: mapped, filtered, merged, folded. Iterators here, tasks there."""
import heapq
import itertools
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 40


def checksum(values, start):
    for x in values:
        start = (start * 31 + x) % 1000000007
    return start


squares = [x * x for x in range(n)]
odd = [x * 3 for x in range(n) if x * 3 % 2 == 1]
print("squares", sum(squares), checksum(squares, 7))
print("odd", sum(odd))
print("merged", checksum(heapq.merge(squares, odd), 1))
print("first", list(itertools.islice(heapq.merge(squares, odd), 8)))
shared = [x for x in range(1, n) if x % 3 != 0]
print("consumers", [sum(shared), sum(x * x % 97 for x in shared), max(shared, default=0)])
print("broken at", n // 2)
