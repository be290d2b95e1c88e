"""The longest common subsequence of two strands of DNA."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 30


def strand(length, seed):
    bases = []
    for _ in range(length):
        seed = (seed * 1103515245 + 12345) % 2147483648
        bases.append("ACGT"[seed // 65536 % 4])
    return "".join(bases)


def lcs_table(a, b):
    table = [[0] * (len(b) + 1)]
    for i in range(1, len(a) + 1):
        above = table[i - 1]
        row = [0]
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                row.append(above[j - 1] + 1)
            else:
                row.append(max(above[j], row[j - 1]))
        table.append(row)
    return table


def trace(table, a, b):
    i = len(a)
    j = len(b)
    found = []
    while i > 0 and j > 0:
        if a[i - 1] == b[j - 1]:
            found.append(a[i - 1])
            i -= 1
            j -= 1
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return "".join(reversed(found))


left = strand(n, 11)
right = strand(n + n // 5, 23)
table = lcs_table(left, right)
common = trace(table, left, right)
print("lengths", len(left), len(right))
print("common", len(common), "true" if len(common) == table[-1][-1] else "false")
print("begins", common[0:16], "ends", common[-16:])
