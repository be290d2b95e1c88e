"""Fills a map with scattered integer keys, then looks up a second sequence of keys."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def fill(count):
    table = {}
    for i in range(count):
        table[i * 7919 % 1000003] = i
    return table


def probe(table, count):
    hits = 0
    total = 0
    for i in range(count):
        found = table.get(i * 15838 % 1000003)
        if found is not None:
            hits = hits + 1
            total = total + found
    print("hits", hits)
    print("sum", total)


def main():
    table = fill(n // 2)
    print("size", len(table))
    probe(table, n // 2)


main()
