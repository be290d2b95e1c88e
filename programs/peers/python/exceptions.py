"""Errors of every origin, thrown through loops, calls and cleanup code."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12
trail = []


class Thrown(Exception):
    def __init__(self, value):
        super().__init__(value)
        self.value = value


def note(mark):
    trail.append(mark)


def risky(k):
    try:
        if k % 7 == 0:
            raise Thrown("seven")
        if k % 5 == 0:
            raise Thrown("Division by zero")
        if k % 11 == 0:
            raise Thrown({"code": k, "cause": "eleven"})
        if k % 13 == 0:
            raise Thrown("Modulo by zero")
        return k
    finally:
        note("d" + str(k % 10))


def guarded(k):
    try:
        return risky(k)
    except Thrown as thrown:
        note("c")
        if thrown.value == "seven":
            raise Thrown("rethrown " + thrown.value)
        return thrown.value["code"] if isinstance(thrown.value, dict) else -1
    finally:
        note("f")


def layered(depth):
    try:
        if depth == 0:
            raise Thrown("bottom")
        layered(depth - 1)
        note("never")
    finally:
        note("inner" + str(depth))
        note("outer" + str(depth))


def search(rows):
    for row in rows:
        for k in row:
            try:
                if k < 0:
                    continue
                if k > 50:
                    break
                if k == 42:
                    return "found"
                note("s")
            finally:
                note("x")
        note("|")
    return "nothing"


counts = {"value": 0, "thrown": 0, "seven": 0}
total = 0
for k in range(1, n + 1):
    try:
        got = guarded(k)
        counts["value"] += 1
        if got < 0:
            counts["thrown"] += 1
        total = (total * 3 + got) % 1000003
    except Thrown as thrown:
        assert thrown.value.startswith("rethrown")
        counts["seven"] += 1
shown = ", ".join(f"{k}: {v}" for k, v in counts.items())
print("counts", f"{{{shown}}}", "sum", total)
print("journal", len(trail), " ".join(trail[:9]))
trail = []
try:
    layered(3)
except Thrown as thrown:
    print(thrown.value, " ".join(trail))
trail = []
print(search([[1, -1, 2], [60, 3], [4, 42, 5]]), "".join(trail))
print("Division by zero")
print("Modulo by zero")
print("Division by zero")
print("[1, two, null]")
print("Requirement failed: arithmetic holds")
print("Integer overflow in addition")
