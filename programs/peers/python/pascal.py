"""Pascal's triangle, drawn small, and counted large with its numbers cut to a remainder."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 30

MODULUS = 1000007


def next_row(row):
    below = [1]
    for i in range(len(row) - 1):
        below.append((row[i] + row[i + 1]) % MODULUS)
    below.append(1)
    return below


row = [1]
for turn in range(6):
    print(" " * (2 * (6 - turn - 1)) + "".join(f"{k:4}" for k in row))
    row = next_row(row)
row = [1]
odd = 0
wrong = 0
zeros = 0
for turn in range(n):
    total = 0
    for k in row:
        total += k
        if k % 2 == 1:
            odd += 1
        if k == 0:
            zeros += 1
    if total % MODULUS != pow(2, turn, MODULUS):
        wrong += 1
    row = next_row(row)
print("rows", n, "wrong sums", wrong, "zeros", zeros)
print("odd remainders", odd)
print("middle", row[len(row) // 2], "second", row[1], "symmetric", "true" if row == row[::-1] else "false")
