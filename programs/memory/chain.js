// Makes a chain of n records, each of which points to the one before it, and walks along it.
"use strict";
const n = Number(process.argv[2] ?? 1000);

class Link {
  constructor(value, next) {
    this.value = value;
    this.next = next;
  }
}

function build(count) {
  let head = null;
  for (let i = 0; i < count; i++) {
    head = new Link(i, head);
  }
  return head;
}

function walk(link) {
  let sum = 0;
  while (link !== null) {
    sum = (sum * 3 + link.value) % 1000003;
    link = link.next;
  }
  return sum;
}

const head = build(n);
console.log(`chain ${n} ${walk(head)}`);
