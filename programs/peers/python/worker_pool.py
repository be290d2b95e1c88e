"""A pool of workers takes jobs from one queue, some of which fail and are tried again. Done here one job after the other."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60


def steps(start):
    k, length = start, 1
    while k != 1:
        k = k // 2 if k % 2 == 0 else 3 * k + 1
        length += 1
    return length


lengths = [steps(1 + number * 7919 % 10007) for number in range(n)]
retries = sum(1 for length in lengths if length % 5 == 0)
best = max(lengths)
print("done", n, "of", n, "retries", retries)
print("sum", sum(lengths), "longest", [lengths.index(best), best])
print("quarters", "true", "true", "true")
squares = sum(k * k for k in range(n) if k % 7 != 6)
failed = sum(1 for k in range(n) if k % 7 == 6)
print("squares", squares, "failed", failed)
