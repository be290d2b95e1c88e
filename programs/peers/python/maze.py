"""Carves a maze by a depth-first walk, then finds the shortest way out."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 5

STEPS = [(0, -1), (1, 0), (0, 1), (-1, 0)]
seed = 4242


def chance(count):
    global seed
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % count


def carve(size):
    side = 2 * size + 1
    walls = [[True] * side for _ in range(side)]
    path = [(0, 0)]
    walls[1][1] = False
    while path:
        x, y = path[-1]
        opened = []
        for dx, dy in STEPS:
            nx = x + dx
            ny = y + dy
            if 0 <= nx < size and 0 <= ny < size and walls[2 * ny + 1][2 * nx + 1]:
                opened.append((dx, dy))
        if not opened:
            path.pop()
            continue
        dx, dy = opened[chance(len(opened))]
        walls[2 * y + 1 + dy][2 * x + 1 + dx] = False
        walls[2 * (y + dy) + 1][2 * (x + dx) + 1] = False
        path.append((x + dx, y + dy))
    return walls


def solve(walls):
    goal = len(walls) - 2
    queue = [(1, 1)]
    distance = {"1,1": 0}
    at = 0
    while at < len(queue):
        x, y = queue[at]
        here = distance[f"{x},{y}"]
        if x == goal and y == goal:
            return here, len(distance)
        for dx, dy in STEPS:
            nx = x + dx
            ny = y + dy
            key = f"{nx},{ny}"
            if not walls[ny][nx] and key not in distance:
                distance[key] = here + 1
                queue.append((nx, ny))
        at += 1
    raise RuntimeError("there is no way out")


walls = carve(n)
steps, seen = solve(walls)
passages = sum(1 for line in walls for wall in line if not wall)
print("steps", steps, "seen", seen)
print("passages", passages, "as in a tree", "true" if passages == 2 * n * n - 1 else "false")
for line in walls[:3]:
    print("".join("#" if wall else " " for wall in line[:21]))
