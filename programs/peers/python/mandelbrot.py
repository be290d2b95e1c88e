"""Counts the points of an n by n grid that lie in the Mandelbrot set."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def mandelbrot(size, cap):
    inside = 0
    total = 0
    for y in range(size):
        ci = 2.0 * y / size - 1.0
        for x in range(size):
            cr = 2.0 * x / size - 1.5
            zr = zi = zr2 = zi2 = 0.0
            k = 0
            while k < cap and zr2 + zi2 <= 4.0:
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                zr2 = zr * zr
                zi2 = zi * zi
                k = k + 1
            total = total + k
            if k == cap:
                inside = inside + 1
    print("inside", inside)
    print("iterations", total)


def main():
    mandelbrot(n, 50)


main()
