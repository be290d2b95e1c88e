"""Runs a program on the reference implementation again and again, as standard input asks, and times it.

Usage: driver.py PROGRAM SIZE. programs/README.md has the protocol. Each run is a process of its own, `zx run PROGRAM SIZE`. What is told is the processor
time of that process less the processor time of another one beside it that runs the same program at size 0: so starting, parsing and compiling
are not counted. What a program prints begins behind a line `---`, because the implementation tells on standard output too how it goes about.
"""
import resource
import subprocess
import sys

path, size = sys.argv[1:]


def run(size):
    """Output and processor time in nanoseconds of a run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(["zx", "run", path, size], stdin=subprocess.DEVNULL, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = ended.stdout.decode(errors="replace")
    told, mark, output = printed.partition("---\n")
    if not mark:
        last = [line for line in (printed + ended.stderr.decode(errors="replace")).splitlines() if line.strip()]
        sys.exit(f"zx run: {last[-1] if last else ended.returncode}")
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return output, int(seconds * 1e9)


for request in sys.stdin:
    word, runs = request.split()
    assert word == "run", request
    printed = ""
    nanoseconds = 0
    for _ in range(int(runs)):
        _, start = run("0")
        output, time = run(size)
        printed += output
        # At a size that takes no time worth mentioning, what remains may be less than nothing.
        nanoseconds += max(time - start, 1)
    answer = printed.encode()
    sys.stdout.buffer.write(b"%d %d\n" % (nanoseconds, len(answer)) + answer)
    sys.stdout.buffer.flush()
