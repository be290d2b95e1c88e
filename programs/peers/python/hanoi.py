"""The towers of Hanoi, with the pegs kept as three lists of discs."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 8
moves = 0
checksum = 0


class WrongMove(Exception):
    pass


def move_disc(pegs, source, target):
    global moves, checksum
    disc = pegs[source].pop()
    below = pegs[target][-1] if pegs[target] else None
    if below is not None and below < disc:
        raise WrongMove(f"disc {disc} cannot lie on {below}")
    pegs[target].append(disc)
    moves += 1
    checksum = (checksum * 31 + disc * 9 + source * 3 + target) % 1000000007


def hanoi(pegs, discs, source, target, spare):
    if discs == 0:
        return
    hanoi(pegs, discs - 1, source, spare, target)
    move_disc(pegs, source, target)
    hanoi(pegs, discs - 1, spare, target, source)


pegs = [list(range(n, 0, -1)), [], []]
hanoi(pegs, n, 0, 2, 1)
print("moves", moves, "expected", 2 ** n - 1)
print("checksum", checksum)
print("pegs", pegs[0], pegs[1], pegs[2])
try:
    move_disc(pegs, 2, 0)
    move_disc(pegs, 2, 0)
    print("not reached")
except WrongMove as problem:
    print("refused:", problem)
