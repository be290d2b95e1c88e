"""Conway's game of life on a board whose edges meet."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2

SIZE = 24
GLIDER = [[0, 1], [1, 2], [2, 0], [2, 1], [2, 2]]
ACORN = [[0, 1], [1, 3], [2, 0], [2, 1], [2, 4], [2, 5], [2, 6]]


def stamp(board, cells, top, left):
    for y, x in cells:
        board[(top + y) % SIZE][(left + x) % SIZE] = 1


def next_board(board):
    result = []
    y = 0
    while y < SIZE:
        above = board[(y - 1) % SIZE]
        here = board[y]
        below = board[(y + 1) % SIZE]
        row = []
        x = 0
        while x < SIZE:
            left = (x - 1) % SIZE
            right = (x + 1) % SIZE
            around = (above[left] + above[x] + above[right] + here[left] + here[right]
                      + below[left] + below[x] + below[right])
            row.append(1 if around == 3 or (around == 2 and here[x] == 1) else 0)
            x += 1
        result.append(row)
        y += 1
    return result


def population(board):
    alive = 0
    for row in board:
        for cell in row:
            alive += cell
    return alive


board = [[0] * SIZE for _ in range(SIZE)]
stamp(board, GLIDER, 20, 20)
stamp(board, ACORN, 8, 6)
print("start", population(board))
most = 0
for _ in range(n):
    board = next_board(board)
    most = max(most, population(board))
print("after", n, population(board), "most", most)
checksum = 0
for y, row in enumerate(board):
    for x, cell in enumerate(row):
        if cell == 1:
            checksum = (checksum * 131 + y * SIZE + x) % 1000000007
print("checksum", checksum)
print("".join("#" if cell == 1 else "." for cell in board[0]))
