// Calls two closures in a loop; each keeps its own running count.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function makeCounter(step) {
  let count = 0;
  return () => {
    count = count + step;
    return count;
  };
}

function drive(rounds) {
  const threes = makeCounter(3);
  const fives = makeCounter(5);
  let acc = 0;
  let i = 0;
  while (i < rounds) {
    acc = (acc + threes() + fives()) % 1000003;
    i = i + 1;
  }
  console.log(`last ${threes()} ${fives()}`);
  return acc;
}

function main() {
  console.log(`closure ${drive(n)}`);
}

main();
module.exports = main;
