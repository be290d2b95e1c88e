"""Determinants by Gaussian elimination with row exchanges."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 8


def random_matrix(size, seed, top):
    rows = []
    for _ in range(size):
        row = []
        for _ in range(size):
            seed = (seed * 1103515245 + 12345) % 2147483648
            row.append(seed // 65536 % (2 * top + 1) - top)
        rows.append(row)
    return rows


def determinant(matrix):
    size = len(matrix)
    m = [[float(x) for x in row] for row in matrix]
    result = 1.0
    for k in range(size):
        pivot = k
        for i in range(k + 1, size):
            if abs(m[i][k]) > abs(m[pivot][k]):
                pivot = i
        if m[pivot][k] == 0.0:
            return 0.0
        if pivot != k:
            m[pivot], m[k] = m[k], m[pivot]
            result = -result
        upper = m[k]
        result *= upper[k]
        for i in range(k + 1, size):
            lower = m[i]
            factor = lower[k] / upper[k]
            j = k + 1
            while j < size:
                lower[j] = lower[j] - factor * upper[j]
                j += 1
    return result


def exact_determinant(matrix):
    size = len(matrix)
    m = [row[:] for row in matrix]
    sign = 1
    before = 1
    for k in range(size - 1):
        swap = k
        while swap < size and m[swap][k] == 0:
            swap += 1
        if swap == size:
            return 0
        if swap != k:
            m[swap], m[k] = m[k], m[swap]
            sign = -sign
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                m[i][j] = (m[i][j] * m[k][k] - m[i][k] * m[k][j]) // before
        before = m[k][k]
    return sign * m[size - 1][size - 1]


def show(flag):
    return "true" if flag else "false"


for size in [2, 3, 5]:
    small = random_matrix(size, size * 1000 + 7, 9)
    exact = exact_determinant(small)
    print(size, exact, show(abs(determinant(small) - exact) < 0.000001))
singular = [[1, 2, 3], [2, 4, 6], [1, 0, 1]]
print("singular", determinant(singular), exact_determinant(singular))
large = random_matrix(n, 31337, 2)
print("large", determinant(large))
twin = [row[:] for row in large]
twin[0] = large[n - 1]
twin[n - 1] = large[0]
print("exchanged", show(determinant(twin) < 0.0), show(determinant(large) < 0.0))
