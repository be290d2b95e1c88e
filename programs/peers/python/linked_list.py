"""Linked lists: built, reversed, sorted, and closed into a ring."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60


def from_list(items):
    head = None
    for i in range(len(items) - 1, -1, -1):
        head = {"value": items[i], "next": head}
    return head


def to_list(node):
    items = []
    while node is not None:
        items.append(node["value"])
        node = node["next"]
    return items


def reverse_links(node):
    before = None
    while node is not None:
        after = node["next"]
        node["next"] = before
        before = node
        node = after
    return before


def split_half(node):
    slow = node
    fast = node["next"]
    while fast is not None and fast["next"] is not None:
        slow = slow["next"]
        fast = fast["next"]["next"]
    second = slow["next"]
    slow["next"] = None
    return node, second


def merge(a, b):
    anchor = {"value": None, "next": None}
    tail = anchor
    while a is not None and b is not None:
        if b["value"] < a["value"]:
            tail["next"] = b
            b = b["next"]
        else:
            tail["next"] = a
            a = a["next"]
        tail = tail["next"]
    tail["next"] = a if a is not None else b
    return anchor["next"]


def sort_links(node):
    if node is None or node["next"] is None:
        return node
    front, back = split_half(node)
    return merge(sort_links(front), sort_links(back))


def survivor(people, step):
    ring = from_list(list(range(1, people + 1)))
    last = ring
    while last["next"] is not None:
        last = last["next"]
    last["next"] = ring
    before = last
    while before["next"]["value"] != before["value"]:
        for _ in range(step - 1):
            before = before["next"]
        before["next"] = before["next"]["next"]
    return before["value"]


def show(flag):
    return "true" if flag else "false"


numbers = []
seed = 77
for _ in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    numbers.append(seed // 65536 % 1000)
head = from_list(numbers)
print("built", to_list(head)[:6])
head = reverse_links(head)
print("reversed", to_list(head)[-3:], show(head["value"] == numbers[-1]))
head = sort_links(head)
print("sorted", show(to_list(head) == sorted(numbers)), to_list(head)[n // 2])
print("survivor", survivor(n, 3), survivor(41, 3))
