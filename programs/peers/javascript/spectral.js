// The spectral norm of an infinite matrix, by the power method.
"use strict";
const n = Number(process.argv[2] ?? 10);

function element(i, j) {
  return 1.0 / (((i + j) * (i + j + 1)) / 2 + i + 1);
}

function times(v, size) {
  const result = [];
  for (let i = 0; i < size; i++) {
    let sum = 0.0;
    for (let j = 0; j < size; j++) {
      sum = sum + element(i, j) * v[j];
    }
    result.push(sum);
  }
  return result;
}

function timesTransposed(v, size) {
  const result = [];
  for (let i = 0; i < size; i++) {
    let sum = 0.0;
    for (let j = 0; j < size; j++) {
      sum = sum + element(j, i) * v[j];
    }
    result.push(sum);
  }
  return result;
}

function spectralNorm(size) {
  let u = new Array(size).fill(1.0);
  let v = [];
  for (let pass = 0; pass < 10; pass++) {
    v = timesTransposed(times(u, size), size);
    u = timesTransposed(times(v, size), size);
  }
  let uv = 0.0;
  let vv = 0.0;
  for (let i = 0; i < size; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return Math.sqrt(uv / vv);
}

function main() {
  console.log(`norm ${Math.trunc(spectralNorm(n) * 1000000000.0)}`);
}

main();
module.exports = main;
