"""Makes ten times n records, of which the last n are kept at any time, and adds up those that are left."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


class Item:
    __slots__ = ("number", "weight")

    def __init__(self, number, weight):
        self.number = number
        self.weight = weight


def fill(count):
    items = []
    for i in range(count):
        items.append(Item(i, i * 7 % 1000))
    for i in range(count, 10 * count):
        items[i % count] = Item(i, i * 7 % 1000)
    return items


def total(items):
    result = 0
    for item in items:
        result = (result * 3 + item.number + item.weight) % 1000003
    return result


items = fill(n)
print("window", len(items), total(items))
