"""The 0/1 knapsack problem by dynamic programming."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12


def make_items(count):
    items = []
    seed = 5
    for i in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        items.append((f"item{i}", 3 + seed // 65536 % 23, 10 + seed // 1024 % 90))
    return items


def pack(items, capacity):
    best = [0] * (capacity + 1)
    taken = []
    for _, weight, worth in items:
        row = [False] * (capacity + 1)
        for room in range(capacity, weight - 1, -1):
            with_item = best[room - weight] + worth
            if with_item > best[room]:
                best[room] = with_item
                row[room] = True
        taken.append(row)
    packed = []
    left = capacity
    for i in range(len(items) - 1, -1, -1):
        if taken[i][left]:
            packed.append(items[i])
            left -= items[i][1]
    packed.reverse()
    return best[capacity], left, packed


items = make_items(n)
for share in (2, 4, 7):
    worth, unused, packed = pack(items, n * share)
    print("capacity", n * share, "worth", worth, "unused", unused)
print("packed", len(packed), "of", len(items))
print("first", ", ".join(name for name, _, _ in packed[:4]))
print("weight", sum(weight for _, weight, _ in packed))
print("check", "true" if sum(item[2] for item in packed) == worth else "false")
print("items cannot be changed")
