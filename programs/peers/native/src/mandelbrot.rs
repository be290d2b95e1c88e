//! Counts the points of an n by n grid that lie in the Mandelbrot set.

use std::fmt::{self, Write};

const CAP: i64 = 50;

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let size = n as f64;
    let (mut inside, mut total) = (0_i64, 0_i64);
    for y in 0..n {
        let ci = 2.0 * y as f64 / size - 1.0;
        for x in 0..n {
            let cr = 2.0 * x as f64 / size - 1.5;
            let (mut zr, mut zi, mut zr2, mut zi2) = (0.0, 0.0, 0.0, 0.0);
            let mut k = 0;
            while k < CAP && zr2 + zi2 <= 4.0 {
                zi = 2.0 * zr * zi + ci;
                zr = zr2 - zi2 + cr;
                zr2 = zr * zr;
                zi2 = zi * zi;
                k += 1;
            }
            total += k;
            if k == CAP {
                inside += 1;
            }
        }
    }
    writeln!(output, "inside {inside}")?;
    writeln!(output, "iterations {total}")
}
