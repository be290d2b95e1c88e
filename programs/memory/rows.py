"""Makes n lists of eight integers in one list, and adds up what is in them."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def build(count):
    rows = []
    for i in range(count):
        rows.append([i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7])
    return rows


def total(rows):
    result = 0
    for row in rows:
        for x in row:
            result = (result + x) % 1000003
    return result


rows = build(n)
print("rows", len(rows), total(rows))
