// Runs the main function of a program again and again in one process, as standard input asks, and times it.
// Usage: driver.js PROGRAM SIZE. programs/README.md has the protocol.
"use strict";
const { resolve } = require("path");
const { createInterface } = require("readline");

const [node, , path, size] = process.argv;

let printed = "";
console.log = (...words) => {
  printed += words.join(" ") + "\n";
};

process.argv = [node, path, size];
const main = require(resolve(path));

createInterface({ input: process.stdin }).on("line", (request) => {
  const runs = Number(request.match(/^run (\d+)$/)[1]);
  printed = "";
  const begun = process.cpuUsage();
  for (let run = 0; run < runs; run++) main();
  const { user, system } = process.cpuUsage(begun);
  process.stdout.write(`${(user + system) * 1000} ${Buffer.byteLength(printed)}\n${printed}`);
});
