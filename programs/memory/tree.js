// Makes a binary tree of n nodes, as even as can be, then counts them and finds the deepest.
"use strict";
const n = Number(process.argv[2] ?? 1000);

class Node {
  constructor(left, right) {
    this.left = left;
    this.right = right;
  }
}

function build(nodes) {
  if (nodes === 0) return null;
  const left = Math.floor((nodes - 1) / 2);
  return new Node(build(left), build(nodes - 1 - left));
}

function count(node) {
  return node === null ? 0 : 1 + count(node.left) + count(node.right);
}

function depth(node) {
  return node === null ? 0 : 1 + Math.max(depth(node.left), depth(node.right));
}

const root = build(n);
console.log(`tree ${count(root)} ${depth(root)}`);
