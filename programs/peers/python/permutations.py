"""All orders of a list, by exchanges and by stepping to the next one in order."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def each_permutation(items, start, visit):
    if start == len(items) - 1:
        visit(items)
        return
    for i in range(start, len(items)):
        items[start], items[i] = items[i], items[start]
        each_permutation(items, start + 1, visit)
        items[start], items[i] = items[i], items[start]


def next_permutation(items):
    i = len(items) - 2
    while i >= 0 and items[i] >= items[i + 1]:
        i -= 1
    if i < 0:
        return False
    j = len(items) - 1
    while items[j] <= items[i]:
        j -= 1
    items[i], items[j] = items[j], items[i]
    low = i + 1
    high = len(items) - 1
    while low < high:
        items[low], items[high] = items[high], items[low]
        low += 1
        high -= 1
    return True


def factorial(k):
    return 1 if k <= 1 else k * factorial(k - 1)


def show(flag):
    return "true" if flag else "false"


count = 0
unmoved = 0
derangements = 0


def visit(order):
    global count, unmoved, derangements
    count += 1
    fixed = 0
    for place, item in enumerate(order):
        if place == item:
            fixed += 1
    unmoved += fixed
    if fixed == 0:
        derangements += 1


each_permutation(list(range(n)), 0, visit)
print("permutations", count, show(count == factorial(n)))
print("derangements", derangements, "unmoved", unmoved)
order = list(range(n))
steps = 0
checksum = 0
middle = None
while next_permutation(order):
    steps += 1
    checksum = (checksum * 10 + order[0]) % 1000003
    if steps == count // 2:
        middle = order[:]
print("steps", steps, "checksum", checksum)
print("middle", middle, "last", order, show(middle < order))
