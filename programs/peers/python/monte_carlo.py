"""Estimates with pseudo-random numbers: pi, a dice game, a random walk."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 150


def make_random(seed):
    def draw(bound):
        nonlocal seed
        seed = (seed * 1103515245 + 12345) % 2147483648
        return seed // 65536 % bound
    return draw


def estimate_pi(samples, draw):
    inside = 0
    for _ in range(samples):
        x = (draw(32768) + 0.5) / 32768
        y = (draw(32768) + 0.5) / 32768
        if x * x + y * y < 1.0:
            inside += 1
    return inside


def craps(draw):
    point = 2 + draw(6) + draw(6)
    if point in (7, 11):
        return True
    if point in (2, 3, 12):
        return False
    while True:
        roll = 2 + draw(6) + draw(6)
        if roll == point:
            return True
        if roll == 7:
            return False


def walk_home(draw, farthest):
    x = y = 0
    steps = 0
    while abs(x) < farthest and abs(y) < farthest:
        way = draw(4)
        if way == 0:
            x += 1
        elif way == 1:
            x -= 1
        elif way == 2:
            y += 1
        else:
            y -= 1
        steps += 1
    return steps


draw = make_random(20240229)
inside = estimate_pi(n, draw)
print("pi", inside, 4.0 * inside / n)
won = 0
for _ in range(n):
    if craps(draw):
        won += 1
print("craps", won, won / float(n))
steps = 0
for _ in range(n // 10):
    steps += walk_home(draw, 4)
print("walk", steps, float(steps) / (n // 10))
print("next", draw(1000))
