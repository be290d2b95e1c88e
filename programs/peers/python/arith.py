"""A chain of integer arithmetic in one loop."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def churn(steps):
    acc = 1
    i = 0
    while i < steps:
        acc = (acc * 3 + i - i % 7) % 1000003
        i = i + 1
    return acc


def main():
    print("arith", n, churn(n))


main()
