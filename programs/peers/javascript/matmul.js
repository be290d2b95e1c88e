// Product of two square matrices of floats held as arrays of arrays.
"use strict";
const n = Number(process.argv[2] ?? 20);

function makeMatrix(size) {
  const scale = 1.0 / size / size;
  const rows = [];
  for (let i = 0; i < size; i++) {
    const row = [];
    for (let j = 0; j < size; j++) {
      row.push(scale * (i - j) * (i + j));
    }
    rows.push(row);
  }
  return rows;
}

function transpose(m, size) {
  const rows = [];
  for (let i = 0; i < size; i++) {
    const row = [];
    for (let j = 0; j < size; j++) {
      row.push(m[j][i]);
    }
    rows.push(row);
  }
  return rows;
}

function multiply(a, b, size) {
  const columns = transpose(b, size);
  const result = [];
  for (let i = 0; i < size; i++) {
    const left = a[i];
    const row = [];
    for (let j = 0; j < size; j++) {
      const right = columns[j];
      let sum = 0.0;
      for (let k = 0; k < size; k++) {
        sum = sum + left[k] * right[k];
      }
      row.push(sum);
    }
    result.push(row);
  }
  return result;
}

function main() {
  const product = multiply(makeMatrix(n), makeMatrix(n), n);
  let trace = 0.0;
  for (let i = 0; i < n; i++) {
    trace = trace + product[i][i];
  }
  const mid = Math.floor(n / 2);
  console.log(`middle ${Math.trunc(product[mid][mid] * 1000000000.0)}`);
  console.log(`trace ${Math.trunc(trace * 1000000000.0)}`);
}

main();
module.exports = main;
