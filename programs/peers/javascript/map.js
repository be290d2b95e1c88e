// Fills a map with scattered integer keys, then looks up a second sequence of keys.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function fill(count) {
  const table = new Map();
  for (let i = 0; i < count; i++) {
    table.set((i * 7919) % 1000003, i);
  }
  return table;
}

function probe(table, count) {
  let hits = 0;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const found = table.get((i * 15838) % 1000003);
    if (found !== undefined) {
      hits = hits + 1;
      sum = sum + found;
    }
  }
  console.log(`hits ${hits}`);
  console.log(`sum ${sum}`);
}

function main() {
  const half = Math.floor(n / 2);
  const table = fill(half);
  console.log(`size ${table.size}`);
  probe(table, half);
}

main();
module.exports = main;
