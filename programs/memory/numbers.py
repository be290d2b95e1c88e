"""Fills a map with n scattered integer keys, then looks all of them up."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def build(count):
    table = {}
    for i in range(count):
        table[i * 7919 % 10000019] = i
    return table


def total(table, count):
    result = 0
    for i in range(count):
        result = (result * 3 + table[i * 7919 % 10000019]) % 1000003
    return result


table = build(n)
print("numbers", n, total(table, n))
