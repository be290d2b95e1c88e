"""Takeuchi's function, plain and with remembered results."""
import sys

sys.setrecursionlimit(20000)
n = int(sys.argv[1]) if len(sys.argv) > 1 else 9
calls = 0


def tak(x, y, z):
    global calls
    calls += 1
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


seen = {}


def tarai(x, y, z):
    if y >= x:
        return y
    key = x * 1000000 + y * 1000 + z
    if key in seen:
        return seen[key]
    a = tarai(x - 1, y, z)
    b = tarai(y - 1, z, x)
    c = tarai(z - 1, x, y)
    answer = tarai(a, b, c)
    seen[key] = answer
    return answer


result = tak(n, n * 2 // 3, n // 3)
print("tak", result, "calls", calls)
print("tarai", tarai(n, n // 2, 0), "remembered", len(seen))
