// Builds words letter by letter, joins them, then counts the characters.
"use strict";
const n = Number(process.argv[2] ?? 100);

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

function buildText(count) {
  const words = [];
  let seed = 42;
  for (let i = 0; i < count; i++) {
    let word = "";
    for (let left = 3 + (i % 6); left > 0; left--) {
      seed = (seed * 3877 + 29573) % 139968;
      word = word + LETTERS[Math.floor((seed * 26) / 139968)];
    }
    words.push(word);
  }
  return words.join(" ");
}

function countCharacters(text) {
  const counts = new Map();
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  return counts;
}

function main() {
  const text = buildText(n);
  const counts = countCharacters(text);
  let checksum = 0;
  for (let i = 0; i < 26; i++) {
    checksum = checksum + (i + 1) * (counts.get(LETTERS[i]) ?? 0);
  }
  console.log(`characters ${text.length}`);
  console.log(`spaces ${counts.get(" ")}`);
  console.log(`checksum ${checksum}`);
  console.log(`starts ${text.slice(0, 24)}`);
}

main();
module.exports = main;
