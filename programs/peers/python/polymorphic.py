"""The same functions applied to integers, floats, strings and lists in turn."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60


def combine(a, b):
    return a + b


def repeat_sum(start, item, times):
    result = start
    for _ in range(times):
        result = combine(result, item)
    return result


def kind_of(value):
    return {int: "integer", float: "float", str: "string", list: "list"}[type(value)]


def show(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return str(value)


def describe(value):
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, str):
        return f"text of {len(value)}"
    return f"{kind_of(value)} {value}"


items = [3, 0.5, "ab", [1, 2], -4, 2.25, "z", [[]]]
starts = [0, 0.0, "", [], 100, 1, "#", [0]]
for i, item in enumerate(items):
    print(describe(item), "->", describe(repeat_sum(starts[i], item, i + 2)))
number = 0
text = ""
listed = []
kinds = {"integer": 0, "float": 0, "string": 0, "list": 0}
for turn in range(n):
    item = items[turn % len(items)]
    if isinstance(item, (int, float)):
        mixed = combine(number, item)
    elif isinstance(item, str):
        mixed = combine(text, item)
    else:
        mixed = combine(listed, item)
    kind = kind_of(mixed)
    kinds[kind] += 1
    if kind in ("integer", "float"):
        number = int(mixed) if turn % 16 == 5 else mixed
    elif kind == "string":
        text = mixed[-20:]
    else:
        listed = mixed[-5:]
print("number", number, "text", text, "list", show(listed))
print("kinds", "{" + ", ".join(f"{k}: {v}" for k, v in kinds.items()) + "}")
print("larger", max(2, 2.5), max("pear", "apple"), max([1, 2], [1, 3]), 3.0)
print("equal true false true true false")
print("truth", 0, "true true true")
print("convert", int("42") + 1, float("2.5") * 2, int(-3.9), "1.0null", 7 // 2, 7 / 2.0, -7 // 2, -7 % 3)
print("repeat", "ab" * 3, [0] * 3, "n=5true", "5!")
print("written", 0xFF, 0b101, 1_000, 1e3, 1.5e-7, 2.0 * 5e16, "AB\tC", 'it\'s "so"')
print("refused", 7, "of", 7)
