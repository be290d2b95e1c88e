// Makes n lists of eight integers in one list, and adds up what is in them.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function build(count) {
  const rows = [];
  for (let i = 0; i < count; i++) {
    rows.push([i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7]);
  }
  return rows;
}

function total(rows) {
  let sum = 0;
  for (const row of rows) {
    for (const x of row) {
      sum = (sum + x) % 1000003;
    }
  }
  return sum;
}

const rows = build(n);
console.log(`rows ${rows.length} ${total(rows)}`);
