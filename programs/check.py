#!/usr/bin/env python3
"""Checks the bundled programs against their peers, or makes their expected outputs.

    python3 check.py            compare everything with expected/, report what differs
    python3 check.py --write    run the Python ports and write expected/
    python3 check.py NAME...    only these workloads

The Python port of a program is where its expected output comes from. The Lua and JavaScript peers are run too
when their interpreters are installed. This script runs no guest program; the engines' own tests do that.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = [
    ("python", [sys.executable], "py"),
    ("lua5.4", ["lua5.4"], "lua"),
    ("luajit", ["luajit"], "lua"),
    ("node", ["node"], "js"),
]
FOLDERS = {"py": "python", "lua": "lua", "js": "javascript"}
PAIRS = {")": "(", "]": "[", "}": "{"}


def unbalanced(source):
    """The line of the first bracket without a partner, or None. Skips strings and comments."""
    opened = []
    line = 1
    i = 0
    while i < len(source):
        c = source[i]
        if c == "\n":
            line += 1
        elif c == "#" or source.startswith("//", i):
            i = source.find("\n", i)
            if i < 0:
                break
            continue
        elif source.startswith("/*", i):
            end = source.index("*/", i)
            line += source.count("\n", i, end)
            i = end + 1
        elif source.startswith('"""', i):
            end = source.index('"""', i + 3)
            line += source.count("\n", i, end)
            i = end + 2
        elif c in "\"'":
            i += 1
            while source[i] != c:
                i += 2 if source[i] == "\\" else 1
        elif c in "([{":
            opened.append((c, line))
        elif c in ")]}":
            if not opened or opened.pop()[0] != PAIRS[c]:
                return line
        i += 1
    return opened[0][1] if opened else None


def output_of(command, script, size):
    run = subprocess.run([*command, str(script), size], capture_output=True, timeout=300)
    if run.returncode != 0:
        return None, run.stderr.decode(errors="replace").strip()
    return run.stdout, ""


def check(workload, write):
    model = workload.get("model", workload["name"])
    problems = []
    guest = HERE / workload["file"]
    bad = unbalanced(guest.read_text(encoding="utf-8"))
    if bad is not None:
        problems.append(f"{workload['file']}:{bad}: unbalanced bracket")
    for size in ("small", "full"):
        expected = HERE / "expected" / f"{model}.{size}.txt"
        for label, command, extension in PEERS:
            script = HERE / "peers" / FOLDERS[extension] / f"{model}.{extension}"
            if not script.exists():
                if label == "python" or workload["kind"] == "kernel":
                    problems.append(f"{script.relative_to(HERE)} is missing")
                continue
            if shutil.which(command[0]) is None:
                continue
            got, error = output_of(command, script, workload[size])
            if got is None:
                problems.append(f"{label} failed at size {size}: {error}")
            elif label == "python" and write:
                expected.write_bytes(got)
            elif not expected.exists() or got != expected.read_bytes():
                problems.append(f"{label} differs from {expected.relative_to(HERE)}")
    return problems


def main():
    arguments = sys.argv[1:]
    write = "--write" in arguments
    wanted = [a for a in arguments if a != "--write"]
    with open(HERE / "workloads.toml", "rb") as table:
        workloads = tomllib.load(table)["workload"]
    names = {w["name"] for w in workloads}
    unknown = sorted(set(wanted) - names)
    if unknown:
        sys.exit(f"no such workload: {', '.join(unknown)}")

    problems = []
    for workload in workloads:
        if not wanted or workload["name"] in wanted:
            problems += [f"{workload['name']}: {p}" for p in check(workload, write)]
    listed = {w["file"] for w in workloads}
    for guest in sorted(HERE.glob("*/*.zx")):
        if str(guest.relative_to(HERE)) not in listed:
            problems.append(f"{guest.relative_to(HERE)} is not in workloads.toml")
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
