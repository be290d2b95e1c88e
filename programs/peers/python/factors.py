"""Splits numbers into prime factors."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60


def factorize(k):
    factors = {}
    p = 2
    while p * p <= k:
        while k % p == 0:
            factors[p] = factors.get(p, 0) + 1
            k //= p
        p += 1 if p == 2 else 2
    if k > 1:
        factors[k] = factors.get(k, 0) + 1
    return factors


def as_text(factors):
    return " * ".join(str(p) if power == 1 else f"{p}^{power}" for p, power in factors.items())


def divisor_sum(factors):
    total = 1
    for p, power in factors.items():
        total *= (p ** (power + 1) - 1) // (p - 1)
    return total


perfect = []
square_free = 0
primes = 0
richest, richest_sum = 1, 1
for k in range(2, n + 1):
    factors = factorize(k)
    total = divisor_sum(factors)
    if total == 2 * k:
        perfect.append(k)
    if total * richest > richest_sum * k:
        richest, richest_sum = k, total
    powers = list(factors.values())
    if not [power for power in powers if power > 1]:
        square_free += 1
    if powers == [1]:
        primes += 1
print("primes", primes, "square-free", square_free)
print("perfect", perfect)
print("richest", richest, "=", as_text(factorize(richest)))
for k in [360, 9699690, 1000003, 600851475143]:
    if k < n * n * 1000:
        print(k, "=", as_text(factorize(k)))
