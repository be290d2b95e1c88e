"""A cache that drops what was used longest ago, made in two ways."""
import sys
from collections import OrderedDict

n = int(sys.argv[1]) if len(sys.argv) > 1 else 150


class Entry:
    __slots__ = ("key", "value", "older", "newer")

    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.older = None
        self.newer = None


class LinkedCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.index = {}
        self.oldest = None
        self.newest = None
        self.hits = 0

    def unlink(self, entry):
        if entry.older is None:
            self.oldest = entry.newer
        else:
            entry.older.newer = entry.newer
        if entry.newer is None:
            self.newest = entry.older
        else:
            entry.newer.older = entry.older
        entry.older = entry.newer = None

    def put_newest(self, entry):
        entry.older = self.newest
        if self.newest is None:
            self.oldest = entry
        else:
            self.newest.newer = entry
        self.newest = entry

    def fetch(self, key):
        entry = self.index.get(key)
        if entry is not None:
            self.hits += 1
            self.unlink(entry)
            self.put_newest(entry)
            return entry.value
        if len(self.index) == self.capacity:
            dropped = self.oldest
            self.unlink(dropped)
            del self.index[dropped.key]
        entry = Entry(key, compute(key))
        self.index[key] = entry
        self.put_newest(entry)
        return entry.value


def compute(key):
    return key * key % 9973


class OrderedCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.kept = OrderedDict()
        self.hits = 0

    def fetch(self, key):
        if key in self.kept:
            self.hits += 1
            self.kept.move_to_end(key)
            return self.kept[key]
        if len(self.kept) == self.capacity:
            self.kept.popitem(last=False)
        value = compute(key)
        self.kept[key] = value
        return value


linked = LinkedCache(32)
ordered = OrderedCache(32)
seed = 55
different = 0
total = 0
for turn in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    spread = 8 + seed // 65536 % 64
    key = seed // 4194304 % spread + turn // 100
    value = linked.fetch(key)
    if value != ordered.fetch(key):
        different += 1
    total = (total * 7 + value) % 1000003
print("hits", linked.hits, ordered.hits, "of", n, "different", different)
print("sum", total, "kept", len(linked.index))
ages = []
entry = linked.newest
while entry is not None and len(ages) < 8:
    ages.append(entry.key)
    entry = entry.older
print("newest", ages)
