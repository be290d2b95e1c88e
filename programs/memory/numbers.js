// Fills a map with n scattered integer keys, then looks all of them up.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function build(count) {
  const table = new Map();
  for (let i = 0; i < count; i++) {
    table.set((i * 7919) % 10000019, i);
  }
  return table;
}

function total(table, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum = (sum * 3 + table.get((i * 7919) % 10000019)) % 1000003;
  }
  return sum;
}

const table = build(n);
console.log(`numbers ${n} ${total(table, n)}`);
