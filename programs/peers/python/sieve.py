"""The sieve of Eratosthenes over a list of booleans."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def sieve(top):
    prime = [True] * (top + 1)
    i = 2
    while i * i <= top:
        if prime[i]:
            for j in range(i * i, top + 1, i):
                prime[j] = False
        i = i + 1
    return prime


def summarise(prime, top):
    count = 0
    total = 0
    largest = 0
    for i in range(2, top + 1):
        if prime[i]:
            count = count + 1
            total = total + i
            largest = i
    print("primes", count)
    print("sum", total)
    print("largest", largest)


def main():
    summarise(sieve(n), n)


main()
