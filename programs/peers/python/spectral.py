"""The spectral norm of an infinite matrix, by the power method."""
import sys
from math import sqrt

n = int(sys.argv[1]) if len(sys.argv) > 1 else 10


def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(v, size):
    result = []
    for i in range(size):
        total = 0.0
        for j in range(size):
            total = total + element(i, j) * v[j]
        result.append(total)
    return result


def times_transposed(v, size):
    result = []
    for i in range(size):
        total = 0.0
        for j in range(size):
            total = total + element(j, i) * v[j]
        result.append(total)
    return result


def spectral_norm(size):
    u = [1.0] * size
    v = []
    for _ in range(10):
        v = times_transposed(times(u, size), size)
        u = times_transposed(times(v, size), size)
    uv = vv = 0.0
    for i in range(size):
        uv += u[i] * v[i]
        vv += v[i] * v[i]
    return sqrt(uv / vv)


def main():
    print("norm", int(spectral_norm(n) * 1000000000.0))


main()
