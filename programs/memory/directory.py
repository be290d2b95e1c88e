"""Fills a map with n records by string keys, each of which its record holds too, then finds them again by keys that are made anew."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


class Entry:
    __slots__ = ("name", "size")

    def __init__(self, name, size):
        self.name = name
        self.size = size


def build(count):
    table = {}
    for i in range(count):
        key = "k" + str(1000000 + i)
        table[key] = Entry(key, i)
    return table


def total(table, count):
    result = 0
    for i in range(count):
        entry = table["k" + str(1000000 + i)]
        result = (result * 3 + entry.size + len(entry.name)) % 1000003
    return result


table = build(n)
print("directory", n, total(table, n))
