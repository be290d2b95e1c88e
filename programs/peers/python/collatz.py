"""The longest Collatz chain below a limit."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 40


def walk(start):
    steps = 0
    k = start
    while k != 1:
        if k % 2 == 0:
            k = k // 2
        else:
            k = 3 * k + 1
        steps += 1
    return steps


def walk_remembering(start, known):
    path = []
    k = start
    while k not in known:
        path.append(k)
        if k % 2 == 0:
            k //= 2
        else:
            k = 3 * k + 1
    steps = known[k]
    for place in range(len(path) - 1, -1, -1):
        steps += 1
        known[path[place]] = steps
    return steps


print("Collatz chains")
longest = 0
winner = 0
total = 0
known = {1: 0}
for start in range(1, n):
    steps = walk(start)
    assert steps == walk_remembering(start, known)
    total += steps
    if steps > longest:
        longest = steps
        winner = start
print("longest", longest, "from", winner)
print("steps in all", total)
print("chains known", "true" if len(known) >= n - 1 else "false")
for start in [1, 27, 97, 871]:
    if start == 1:
        print("1 is already there")
    elif start < 100:
        print(start, "takes", walk(start))
    else:
        print(start, "is long:", walk(start))
print("stopped")
