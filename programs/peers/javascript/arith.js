// A chain of integer arithmetic in one loop.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function churn(steps) {
  let acc = 1;
  let i = 0;
  while (i < steps) {
    acc = (acc * 3 + i - (i % 7)) % 1000003;
    i = i + 1;
  }
  return acc;
}

function main() {
  console.log(`arith ${n} ${churn(n)}`);
}

main();
module.exports = main;
