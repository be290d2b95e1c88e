"""Product of two square matrices of floats held as lists of lists."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def make_matrix(size):
    scale = 1.0 / size / size
    rows = []
    for i in range(size):
        row = []
        for j in range(size):
            row.append(scale * (i - j) * (i + j))
        rows.append(row)
    return rows


def transpose(m, size):
    rows = []
    for i in range(size):
        row = []
        for j in range(size):
            row.append(m[j][i])
        rows.append(row)
    return rows


def multiply(a, b, size):
    columns = transpose(b, size)
    result = []
    for i in range(size):
        left = a[i]
        row = []
        for j in range(size):
            right = columns[j]
            total = 0.0
            for k in range(size):
                total = total + left[k] * right[k]
            row.append(total)
        result.append(row)
    return result


def main():
    product = multiply(make_matrix(n), make_matrix(n), n)
    trace = 0.0
    for i in range(n):
        trace = trace + product[i][i]
    print("middle", int(product[n // 2][n // 2] * 1000000000.0))
    print("trace", int(trace * 1000000000.0))


main()
