"""Heapsort on a list of integers and on a list of strings."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 120


def sift_down(heap, root, end):
    item = heap[root]
    while True:
        child = 2 * root + 1
        if child >= end:
            break
        if child + 1 < end and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= item:
            break
        heap[root] = heap[child]
        root = child
    heap[root] = item


def heapsort(items):
    size = len(items)
    for root in range(size // 2 - 1, -1, -1):
        sift_down(items, root, size)
    for end in range(size - 1, 0, -1):
        items[0], items[end] = items[end], items[0]
        sift_down(items, 0, end)
    return items


SYLLABLES = ["ka", "ro", "mi", "te", "lu", "so", "ne", "vi"]
numbers = []
names = []
seed = 99
for i in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    numbers.append(seed // 256 % 1000000 - 500000)
    names.append(SYLLABLES[seed // 4096 % 8] + SYLLABLES[seed // 65536 % 8] + str(seed // 1048576 % 100))


def report(label, items):
    ordered = all(items[i - 1] <= items[i] for i in range(1, len(items)))
    head = ", ".join(str(x) for x in items[0:4])
    print(label, "true" if ordered else "false", f"[{head}]", items[-1])


for label, items in (("numbers", numbers), ("names", names)):
    want = sorted(items)
    assert heapsort(items) == want
    report(label, items)
