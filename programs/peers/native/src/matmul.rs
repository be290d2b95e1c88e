//! Product of two square matrices of floats held as vectors of vectors.

use std::fmt::{self, Write};

type Matrix = Vec<Vec<f64>>;

fn make_matrix(size: i64) -> Matrix {
    let scale = 1.0 / size as f64 / size as f64;
    let row = |i| (0..size).map(|j| scale * (i - j) as f64 * (i + j) as f64).collect();
    (0..size).map(row).collect()
}

fn transpose(m: &Matrix) -> Matrix {
    (0..m.len()).map(|i| m.iter().map(|row| row[i]).collect()).collect()
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    let columns = transpose(b);
    let mut result = Vec::new();
    for left in a {
        let mut row = Vec::new();
        for right in &columns {
            let mut sum = 0.0;
            for (x, y) in left.iter().zip(right) {
                sum += x * y;
            }
            row.push(sum);
        }
        result.push(row);
    }
    result
}

fn trace(m: &Matrix) -> f64 {
    let mut sum = 0.0;
    for (i, row) in m.iter().enumerate() {
        sum += row[i];
    }
    sum
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let product = multiply(&make_matrix(n), &make_matrix(n));
    let middle = product.len() / 2;
    writeln!(output, "middle {}", (product[middle][middle] * 1_000_000_000.0) as i64)?;
    writeln!(output, "trace {}", (trace(&product) * 1_000_000_000.0) as i64)
}
