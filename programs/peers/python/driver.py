"""Runs the main function of a program again and again in one process, as standard input asks, and times it.

Usage: driver.py PROGRAM SIZE. programs/README.md has the protocol. A program without a main function is executed anew for each run.
"""
import io
import sys
import time

path, size = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    program = compile(file.read(), path, "exec")
sys.argv = [path, size]
answers = sys.stdout.buffer

sys.stdout = io.StringIO()
names = {"__name__": "__main__"}
exec(program, names)
main = names.get("main") or (lambda: exec(program, {"__name__": "__main__"}))

for request in sys.stdin:
    word, runs = request.split()
    assert word == "run", request
    sys.stdout = printed = io.StringIO()
    begun = time.process_time_ns()
    for _ in range(int(runs)):
        main()
    nanoseconds = time.process_time_ns() - begun
    output = printed.getvalue().encode()
    answers.write(b"%d %d\n" % (nanoseconds, len(output)) + output)
    answers.flush()
