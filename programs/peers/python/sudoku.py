"""Blanks some cells of a finished sudoku and counts the ways to fill them again."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12

SOLVED = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


class Grid:
    def __init__(self):
        self.cells = [0] * 81
        self.rows = [False] * 90
        self.columns = [False] * 90
        self.boxes = [False] * 90
        self.guesses = 0

    def put(self, cell, digit):
        self.mark(cell, digit, True)
        self.cells[cell] = digit

    def clear(self, cell):
        self.mark(cell, self.cells[cell], False)
        self.cells[cell] = 0

    def mark(self, cell, digit, used):
        row = cell // 9
        column = cell % 9
        self.rows[row * 10 + digit] = used
        self.columns[column * 10 + digit] = used
        self.boxes[(row // 3 * 3 + column // 3) * 10 + digit] = used

    def choices(self, cell):
        row = cell // 9 * 10
        column = cell % 9 * 10
        box = (cell // 27 * 3 + cell % 9 // 3) * 10
        found = []
        for digit in range(1, 10):
            if not (self.rows[row + digit] or self.columns[column + digit] or self.boxes[box + digit]):
                found.append(digit)
        return found


def count_solutions(grid, most):
    best = None
    target = -1
    for cell, digit in enumerate(grid.cells):
        if digit == 0:
            choices = grid.choices(cell)
            if best is None or len(choices) < len(best):
                best = choices
                target = cell
                if len(choices) < 2:
                    break
    if best is None:
        return 1
    count = 0
    for digit in best:
        grid.guesses += 1
        grid.put(target, digit)
        count += count_solutions(grid, most - count)
        grid.clear(target)
        if count >= most:
            break
    return count


grid = Grid()
for place in range(81):
    grid.put(place, int(SOLVED[place]))
seed = 8
blanks = 0
while blanks < n:
    seed = (seed * 1103515245 + 12345) % 2147483648
    place = seed // 65536 % 81
    if grid.cells[place] != 0:
        grid.clear(place)
        blanks += 1
print("".join("." if k == 0 else str(k) for k in grid.cells[0:27]))
print("blanks", blanks, "solutions", count_solutions(grid, 5000), "guesses", grid.guesses)
print("left as found", "true" if grid.cells.count(0) == n else "false")
