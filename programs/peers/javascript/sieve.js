// The sieve of Eratosthenes over an array of booleans.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function sieve(top) {
  const prime = new Array(top + 1).fill(true);
  for (let i = 2; i * i <= top; i++) {
    if (prime[i]) {
      for (let j = i * i; j <= top; j += i) {
        prime[j] = false;
      }
    }
  }
  return prime;
}

function summarise(prime, top) {
  let count = 0;
  let sum = 0;
  let largest = 0;
  for (let i = 2; i <= top; i++) {
    if (prime[i]) {
      count = count + 1;
      sum = sum + i;
      largest = i;
    }
  }
  console.log(`primes ${count}`);
  console.log(`sum ${sum}`);
  console.log(`largest ${largest}`);
}

function main() {
  summarise(sieve(n), n);
}

main();
module.exports = main;
