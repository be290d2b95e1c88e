"""Ackermann's function, and Hofstadter's male and female sequences."""
import sys

sys.setrecursionlimit(20000)
n = int(sys.argv[1]) if len(sys.argv) > 1 else 3


def ackermann(m, k):
    if m == 0:
        return k + 1
    if k == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, k - 1))


def female(k):
    if k == 0:
        return 1
    return k - male(female(k - 1))


def male(k):
    if k == 0:
        return 0
    return k - female(male(k - 1))


for m in range(3):
    print("ackermann", m, [ackermann(m, k) for k in range(6)])
print("ackermann 3", n, ackermann(3, n))
females = []
males = []
differ = 0
for k in range(n * 4):
    f = female(k)
    m = male(k)
    if k < 12:
        females.append(f)
        males.append(m)
    if f != m:
        differ += 1
print("female", females)
print("male", males)
print("differ at", differ, "places")
