// Makes ten times n records, of which the last n are kept at any time, and adds up those that are left.
"use strict";
const n = Number(process.argv[2] ?? 1000);

class Item {
  constructor(number, weight) {
    this.number = number;
    this.weight = weight;
  }
}

function fill(count) {
  const items = [];
  for (let i = 0; i < count; i++) {
    items.push(new Item(i, (i * 7) % 1000));
  }
  for (let i = count; i < 10 * count; i++) {
    items[i % count] = new Item(i, (i * 7) % 1000);
  }
  return items;
}

function total(items) {
  let sum = 0;
  for (const item of items) {
    sum = (sum * 3 + item.number + item.weight) % 1000003;
  }
  return sum;
}

const items = fill(n);
console.log(`window ${items.length} ${total(items)}`);
