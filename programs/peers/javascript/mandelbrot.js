// Counts the points of an n by n grid that lie in the Mandelbrot set.
"use strict";
const n = Number(process.argv[2] ?? 20);

function mandelbrot(size, cap) {
  let inside = 0;
  let total = 0;
  for (let y = 0; y < size; y++) {
    const ci = (2.0 * y) / size - 1.0;
    for (let x = 0; x < size; x++) {
      const cr = (2.0 * x) / size - 1.5;
      let zr = 0.0;
      let zi = 0.0;
      let zr2 = 0.0;
      let zi2 = 0.0;
      let k = 0;
      while (k < cap && zr2 + zi2 <= 4.0) {
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
        zr2 = zr * zr;
        zi2 = zi * zi;
        k = k + 1;
      }
      total = total + k;
      if (k === cap) {
        inside = inside + 1;
      }
    }
  }
  console.log(`inside ${inside}`);
  console.log(`iterations ${total}`);
}

function main() {
  mandelbrot(n, 50);
}

main();
module.exports = main;
