"""The cheapest order in which to multiply a chain of matrices."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 14


def dimensions(count):
    sizes = []
    seed = 31
    for _ in range(count + 1):
        seed = (seed * 1103515245 + 12345) % 2147483648
        sizes.append(5 + seed // 65536 % 40)
    return sizes


def square(size, value):
    return [[value] * size for _ in range(size)]


def order_chain(sizes):
    count = len(sizes) - 1
    cost = square(count, 0)
    split_at = square(count, 0)
    for span in range(1, count):
        for i in range(count - span):
            j = i + span
            best = -1
            where = i
            outer = sizes[i] * sizes[j + 1]
            row = cost[i]
            k = i
            while k < j:
                price = row[k] + cost[k + 1][j] + outer * sizes[k + 1]
                if best < 0 or price < best:
                    best = price
                    where = k
                k += 1
            row[j] = best
            split_at[i][j] = where
    return cost, split_at


def show(split_at, i, j):
    if i == j:
        return "M" + str(i)
    k = split_at[i][j]
    return f"({show(split_at, i, k)} {show(split_at, k + 1, j)})"


sizes = dimensions(n)
cost, split_at = order_chain(sizes)
in_order = 0
for i in range(1, n):
    in_order += sizes[0] * sizes[i] * sizes[i + 1]
print("best", cost[0][n - 1], "left to right", in_order)
print("first six", show(split_at, 0, 5))
print("length of whole", len(show(split_at, 0, n - 1)))
