"""Exact fractions in 64-bit integers."""
import sys
from math import gcd

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12


def checked(value):
    if not -2**63 <= value < 2**63:
        raise OverflowError("Integer overflow")
    return value


def fraction(num, den):
    if den == 0:
        raise ZeroDivisionError("a fraction over zero")
    g = gcd(num, den) * (-1 if den < 0 else 1)
    return Fraction(num // g, den // g)


def mul(a, b):
    return checked(a * b)


class Fraction:
    def __init__(self, num, den=1):
        self.num = num
        self.den = den

    def plus(self, other):
        return fraction(checked(mul(self.num, other.den) + mul(other.num, self.den)), mul(self.den, other.den))

    def minus(self, other):
        return fraction(checked(mul(self.num, other.den) - mul(other.num, self.den)), mul(self.den, other.den))

    def over(self, other):
        return fraction(mul(self.num, other.den), mul(self.den, other.num))

    def below(self, other):
        return mul(self.num, other.den) < mul(other.num, self.den)

    def text(self):
        return str(self.num) if self.den == 1 else f"{self.num}/{self.den}"


def telescope(terms):
    total = Fraction(0)
    for k in range(1, terms + 1):
        total = total.plus(Fraction(1, k).minus(Fraction(1, k + 1)))
    return total


def farey_length(order):
    a, b, c, d = 0, 1, 1, order
    count = 1
    area = 0.0
    while c <= order:
        k = (order + b) // d
        a, b, c, d = c, d, k * c - a, k * d - b
        count += 1
        area += 1.0 / (b * b)
    return count, area


def egyptian(f):
    parts = []
    while f.num > 0:
        unit = (f.den + f.num - 1) // f.num
        parts.append(f"1/{unit}")
        f = f.minus(Fraction(1, unit))
    return " + ".join(parts)


print("telescope", telescope(n).text())
count, area = farey_length(n)
print("farey", count, area)
print("egyptian", egyptian(fraction(5, 7)), "and", egyptian(fraction(-13, -17)))
golden = Fraction(1)
for _ in range(30):
    golden = Fraction(1).plus(Fraction(1).over(golden))
print("golden", golden.text(), float(golden.num) / golden.den,
      "true" if golden.below(Fraction(1618034, 1000000)) else "false")
harmonic = Fraction(0)
reached = 0
try:
    for k in range(1, 1000):
        harmonic = harmonic.plus(Fraction(1, k))
        reached = k
except OverflowError:
    print("harmonic", harmonic.text(), "after", reached, "true")
try:
    print(Fraction(1, 2).over(fraction(0, 5)).text())
except ZeroDivisionError as problem:
    print(problem)
