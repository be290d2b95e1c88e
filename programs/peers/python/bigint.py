"""Arithmetic on numbers of any length, as lists of four-digit groups."""
import sys

sys.set_int_max_str_digits(0)
n = int(sys.argv[1]) if len(sys.argv) > 1 else 20

BASE = 10000


def from_int(k):
    groups = []
    while k > 0:
        groups.append(k % BASE)
        k //= BASE
    return groups


def to_text(a):
    if not a:
        return "0"
    text = str(a[-1])
    for i in range(len(a) - 2, -1, -1):
        text += f"{a[i]:04d}"
    return text


def add(a, b):
    out = []
    carry = 0
    for i in range(max(len(a), len(b))):
        total = (a[i] if i < len(a) else 0) + (b[i] if i < len(b) else 0) + carry
        out.append(total % BASE)
        carry = total // BASE
    if carry > 0:
        out.append(carry)
    return out


def multiply(a, b):
    out = [0] * (len(a) + len(b))
    for i, x in enumerate(a):
        carry = 0
        k = i
        for y in b:
            cell = out[k] + x * y + carry
            out[k] = cell % BASE
            carry = cell // BASE
            k += 1
        out[k] = out[k] + carry
    while out and out[-1] == 0:
        out.pop()
    return out


def divide_small(a, divisor):
    out = [0] * len(a)
    remainder = 0
    for i in range(len(a) - 1, -1, -1):
        cell = remainder * BASE + a[i]
        out[i] = cell // divisor
        remainder = cell % divisor
    while out and out[-1] == 0:
        out.pop()
    return out, remainder


def power(base, exponent):
    if exponent == 0:
        return [1]
    half = power(base, exponent // 2)
    square = multiply(half, half)
    return multiply(square, base) if exponent % 2 == 1 else square


factorial = [1]
exact = 1
for k in range(2, n + 1):
    factorial = multiply(factorial, from_int(k))
    exact *= k
text = to_text(factorial)
assert text == str(exact)
print("factorial", len(text), "digits", text[:12], "sum", sum(map(int, text)))
a = []
b = [1]
for k in range(n * 5):
    a, b = b, add(a, b)
print("fibonacci", to_text(a)[-15:], len(to_text(a)))
large = power([3], n * 4)
assert to_text(large) == str(3 ** (n * 4))
print("power", to_text(large)[:10], len(to_text(large)))
quotient, remainder = divide_small(large, 9)
print("ninth", remainder, "true" if add(multiply(quotient, [9]), from_int(remainder)) == large else "false")
while len(large) > 1:
    large = divide_small(large, 243)[0]
print("down to", to_text(large))
