"""Sorts pseudo-random numbers in place with quicksort, small runs by insertion."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 200


def random_list(count, seed):
    numbers = []
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        numbers.append(seed // 1000 % 100000)
    return numbers


def insertion_sort(items, low, high):
    for i in range(low + 1, high + 1):
        item = items[i]
        j = i - 1
        while j >= low and items[j] > item:
            items[j + 1] = items[j]
            j -= 1
        items[j + 1] = item


def quicksort(items, low, high):
    if high - low < 12:
        insertion_sort(items, low, high)
        return
    pivot = items[(low + high) // 2]
    i = low
    j = high
    while i <= j:
        while items[i] < pivot:
            i += 1
        while items[j] > pivot:
            j -= 1
        if i <= j:
            items[i], items[j] = items[j], items[i]
            i += 1
            j -= 1
    quicksort(items, low, j)
    quicksort(items, i, high)


def is_sorted(items):
    for i in range(1, len(items)):
        if items[i - 1] > items[i]:
            return "false"
    return "true"


numbers = random_list(n, 2024)
expected = sorted(numbers)
total = sum(numbers)
print("before", is_sorted(numbers), numbers[:5])
quicksort(numbers, 0, len(numbers) - 1)
assert numbers == expected
print("after", is_sorted(numbers), numbers[:5], numbers[-5:])
print("median", numbers[n // 2], "same sum", "true" if total == sum(numbers) else "false")
