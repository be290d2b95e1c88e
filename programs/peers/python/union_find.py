"""Opens random cells of a grid until water finds a way from top to bottom."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 7


class Sets:
    def __init__(self, size):
        self.parent = list(range(size))
        self.count_of = [1] * size
        self.groups = size

    def root(self, x):
        parent = self.parent
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    def union(self, a, b):
        x = self.root(a)
        y = self.root(b)
        if x == y:
            return False
        if self.count_of[x] < self.count_of[y]:
            x, y = y, x
        self.parent[y] = x
        self.count_of[x] += self.count_of[y]
        self.groups -= 1
        return True

    def together(self, a, b):
        return self.root(a) == self.root(b)


def percolate(size, seed):
    top = size * size
    bottom = top + 1
    sets = Sets(size * size + 2)
    opened_cells = [False] * (size * size)
    opened = 0
    while not sets.together(top, bottom):
        seed = seed * 48271 % 2147483647
        cell = seed % (size * size)
        if opened_cells[cell]:
            continue
        opened_cells[cell] = True
        opened += 1
        x = cell % size
        if cell < size:
            sets.union(cell, top)
        elif opened_cells[cell - size]:
            sets.union(cell, cell - size)
        if cell >= size * (size - 1):
            sets.union(cell, bottom)
        elif opened_cells[cell + size]:
            sets.union(cell, cell + size)
        if x > 0 and opened_cells[cell - 1]:
            sets.union(cell, cell - 1)
        if x < size - 1 and opened_cells[cell + 1]:
            sets.union(cell, cell + 1)
    return opened, sets.groups, sets.count_of[sets.root(top)]


total = 0
for trial in range(3):
    opened, groups, largest = percolate(n, 1000 + trial * 37)
    total += opened
    print("opened", opened, "of", n * n)
print("groups", groups, "largest", largest)
print("threshold", float(total) / (3 * n * n))
