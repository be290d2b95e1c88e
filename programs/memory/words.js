// Makes n strings of eight characters in one list, all different, and adds up their lengths.
"use strict";
const n = Number(process.argv[2] ?? 1000);

function build(count) {
  const words = [];
  for (let i = 0; i < count; i++) {
    words.push("w" + (1000000 + i));
  }
  return words;
}

function letters(words) {
  let sum = 0;
  for (const word of words) {
    sum = sum + word.length;
  }
  return sum;
}

const words = build(n);
console.log(`words ${words.length} ${letters(words)} ${words[n - 1] ?? "none"}`);
