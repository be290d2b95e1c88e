"""Counts the ways to place n queens on an n by n board."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 5
solutions = 0
tried = 0
example = None


def place(row, size, columns, rising, falling, chosen):
    global solutions, tried, example
    if row == size:
        solutions += 1
        if example is None:
            example = chosen[:]
        return
    column = 0
    while column < size:
        up = row + column
        down = row - column + size
        if not (columns[column] or rising[up] or falling[down]):
            tried += 1
            columns[column] = rising[up] = falling[down] = True
            chosen[row] = column
            place(row + 1, size, columns, rising, falling, chosen)
            columns[column] = rising[up] = falling[down] = False
        column += 1


place(0, n, [False] * n, [False] * (2 * n), [False] * (2 * n + 1), [0] * n)
print("queens", n, "solutions", solutions, "placements", tried)
for column in example or []:
    print("." * column + "Q" + "." * (n - column - 1))
