"""Sorts records by a key with a stable merge sort that makes new lists."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 150


def merge(left, right, before):
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if before(right[j], left[i]):
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    merged.extend(left[i:])
    merged.extend(right[j:])
    return merged


def merge_sort(items, before):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left = merge_sort(items[:middle], before)
    right = merge_sort(items[middle:], before)
    return merge(left, right, before)


def show(person):
    return "{" + ", ".join(f"{k}: {v}" for k, v in person.items()) + "}"


people = []
seed = 7
for i in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    people.append({"id": i, "age": 18 + seed // 65536 % 60,
                   "city": ["Oslo", "Lima", "Pune", "Kyiv"][seed // 4096 % 4]})

by_age = merge_sort(people, lambda a, b: a["age"] < b["age"])
assert by_age == sorted(people, key=lambda p: p["age"])
by_city = merge_sort(by_age, lambda a, b: a["city"] < b["city"])


def checksum(items):
    total = 0
    for place, person in enumerate(items):
        total = (total * 17 + person["id"] * 3 + person["age"] + place) % 1000000007
    return total


print("youngest", by_age[0]["age"], "oldest", by_age[-1]["age"])
print("first by city", show(by_city[0]))
print("last by city", show(by_city[-1]))
print("checksums", checksum(people), checksum(by_age), checksum(by_city))
