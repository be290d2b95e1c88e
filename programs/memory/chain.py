"""Makes a chain of n records, each of which points to the one before it, and walks along it."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


class Link:
    __slots__ = ("value", "next")

    def __init__(self, value, next):
        self.value = value
        self.next = next


def build(count):
    head = None
    for i in range(count):
        head = Link(i, head)
    return head


def walk(link):
    total = 0
    while link is not None:
        total = (total * 3 + link.value) % 1000003
        link = link.next
    return total


head = build(n)
print("chain", n, walk(head))
