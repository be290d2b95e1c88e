#!/usr/bin/env python3
"""Checks the bundled programs against their peers, or makes their expected outputs.

    python3 check.py            compare everything with expected/, report what differs
    python3 check.py --write    run the Python ports and write expected/
    python3 check.py NAME...    only these workloads

The programs in memory/ have no expected output: their versions in all languages must print the same.
The Python port of any other program is where its expected output comes from. The Lua and JavaScript peers are run too
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


def check_memory(program):
    """Runs each version of a program that allocates, with nothing to make and at its small size."""
    problems = []
    name = program["name"]
    bad = unbalanced((HERE / "memory" / f"{name}.zx").read_text(encoding="utf-8"))
    if bad is not None:
        problems.append(f"memory/{name}.zx:{bad}: unbalanced bracket")
    for size in ("0", str(program["small"])):
        first = None
        for label, command, extension in PEERS:
            script = HERE / "memory" / f"{name}.{extension}"
            if not script.exists():
                problems.append(f"{script.relative_to(HERE)} is missing")
                continue
            if shutil.which(command[0]) is None:
                continue
            got, error = output_of(command, script, size)
            if got is None:
                problems.append(f"{label} failed at size {size}: {error}")
            elif first is None:
                first = got
            elif got != first:
                problems.append(f"{label} prints {got!r} at size {size}, and {PEERS[0][0]} {first!r}")
    return problems


def main():
    arguments = sys.argv[1:]
    write = "--write" in arguments
    wanted = [a for a in arguments if a != "--write"]
    with open(HERE / "workloads.toml", "rb") as table:
        workloads = tomllib.load(table)["workload"]
    with open(HERE / "memory" / "programs.toml", "rb") as table:
        allocating = tomllib.load(table)["program"]
    names = {w["name"] for w in workloads + allocating}
    unknown = sorted(set(wanted) - names)
    if unknown:
        sys.exit(f"no such workload: {', '.join(unknown)}")

    problems = []
    for workload in workloads:
        if not wanted or workload["name"] in wanted:
            problems += [f"{workload['name']}: {p}" for p in check(workload, write)]
    for program in allocating:
        if not wanted or program["name"] in wanted:
            problems += [f"{program['name']}: {p}" for p in check_memory(program)]
    listed = {w["file"] for w in workloads} | {f"memory/{p['name']}.zx" for p in allocating} | {"memory/lasting.zx"}
    for guest in sorted(HERE.glob("*/*.zx")):
        # Programs of blocks print nothing.
        if guest.parent.name != "blocks" and str(guest.relative_to(HERE)) not in listed:
            problems.append(f"{guest.relative_to(HERE)} is in no table")
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
