"""The cheapest way across a square grid of costs, by Dijkstra's algorithm."""
import heapq
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 7


def make_grid(size):
    costs = []
    seed = 2718
    for _ in range(size * size):
        seed = (seed * 1103515245 + 12345) % 2147483648
        costs.append(1 + seed // 65536 % 9)
    return costs


def neighbours(cell, size):
    x = cell % size
    found = []
    if x > 0:
        found.append(cell - 1)
    if x < size - 1:
        found.append(cell + 1)
    if cell >= size:
        found.append(cell - size)
    if cell < size * (size - 1):
        found.append(cell + size)
    return found


def cheapest(costs, size):
    best = [None] * len(costs)
    came = [None] * len(costs)
    best[0] = costs[0]
    heap = [(costs[0], 0)]
    settled = 0
    while heap:
        cost, cell = heapq.heappop(heap)
        if cost > best[cell]:
            continue
        settled += 1
        if cell == len(costs) - 1:
            break
        for next_cell in neighbours(cell, size):
            through = cost + costs[next_cell]
            if best[next_cell] is None or through < best[next_cell]:
                best[next_cell] = through
                came[next_cell] = cell
                heapq.heappush(heap, (through, next_cell))
    return best[-1], came, settled


def show(flag):
    return "true" if flag else "false"


costs = make_grid(n)
cost, came, settled = cheapest(costs, n)
path = []
cell = n * n - 1
while cell is not None:
    path.append(cell)
    cell = came[cell]
print("cost", cost)
print("check", sum(costs[c] for c in path), "steps at least", show(2 * n - 1 <= len(path)))
print("settled", show(settled > 0), "start", path[-1], "end", path[0])
