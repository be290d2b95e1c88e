// Fills a map with n records by string keys, each of which its record holds too, then finds them again by keys that are made anew.
"use strict";
const n = Number(process.argv[2] ?? 1000);

class Entry {
  constructor(name, size) {
    this.name = name;
    this.size = size;
  }
}

function build(count) {
  const table = new Map();
  for (let i = 0; i < count; i++) {
    const key = "k" + (1000000 + i);
    table.set(key, new Entry(key, i));
  }
  return table;
}

function total(table, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const entry = table.get("k" + (1000000 + i));
    sum = (sum * 3 + entry.size + entry.name.length) % 1000003;
  }
  return sum;
}

const table = build(n);
console.log(`directory ${n} ${total(table, n)}`);
