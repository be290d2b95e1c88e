// Fibonacci numbers by naive double recursion.
"use strict";
const n = Number(process.argv[2] ?? 25);

function fib(k) {
  if (k < 2) return k;
  return fib(k - 1) + fib(k - 2);
}

function main() {
  console.log(`fib ${n} ${fib(n)}`);
}

main();
module.exports = main;
