"""Fibonacci numbers by naive double recursion."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 25


def fib(k):
    if k < 2:
        return k
    return fib(k - 1) + fib(k - 2)


def main():
    print("fib", n, fib(n))


main()
