"""Calls two closures in a loop; each keeps its own running count."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def make_counter(step):
    count = 0

    def tick():
        nonlocal count
        count = count + step
        return count

    return tick


def drive(rounds):
    threes = make_counter(3)
    fives = make_counter(5)
    acc = 0
    i = 0
    while i < rounds:
        acc = (acc + threes() + fives()) % 1000003
        i = i + 1
    print("last", threes(), fives())
    return acc


def main():
    print("closure", drive(n))


main()
