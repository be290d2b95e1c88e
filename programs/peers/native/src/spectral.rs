//! The spectral norm of an infinite matrix, by the power method.

use std::fmt::{self, Write};

fn element(i: i64, j: i64) -> f64 {
    1.0 / ((i + j) * (i + j + 1) / 2 + i + 1) as f64
}

fn times(v: &[f64], size: i64) -> Vec<f64> {
    let mut result = Vec::new();
    for i in 0..size {
        let mut sum = 0.0;
        for j in 0..size {
            sum += element(i, j) * v[j as usize];
        }
        result.push(sum);
    }
    result
}

fn times_transposed(v: &[f64], size: i64) -> Vec<f64> {
    let mut result = Vec::new();
    for i in 0..size {
        let mut sum = 0.0;
        for j in 0..size {
            sum += element(j, i) * v[j as usize];
        }
        result.push(sum);
    }
    result
}

fn spectral_norm(size: i64) -> f64 {
    let mut u = vec![1.0; size as usize];
    let mut v = Vec::new();
    for _ in 0..10 {
        v = times_transposed(&times(&u, size), size);
        u = times_transposed(&times(&v, size), size);
    }
    let (mut uv, mut vv) = (0.0, 0.0);
    for (x, y) in u.iter().zip(&v) {
        uv += x * y;
        vv += y * y;
    }
    (uv / vv).sqrt()
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    writeln!(output, "norm {}", (spectral_norm(n) * 1_000_000_000.0) as i64)
}
