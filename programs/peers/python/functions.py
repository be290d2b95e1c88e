"""Functions as values: counters, composition, partial application, remembered results."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 40
sys.setrecursionlimit(10000)


class Account:
    def __init__(self, start):
        self.balance = start

    def add(self, amount):
        self.balance += amount


def compose(functions):
    def run(x):
        for f in functions:
            x = f(x)
        return x
    return run


def partial(f, a):
    return lambda b: f(a, b)


def memoize(f):
    seen = {}
    hits = 0

    def call(k):
        nonlocal hits
        if k is None:
            return hits
        if k in seen:
            hits += 1
            return seen[k]
        value = f(k)
        seen[k] = value
        return value
    return call


left = Account(10)
right = Account(20)
for i in range(n):
    left.add(i)
    if i % 2 == 0:
        right.add(1)
print("accounts", left.balance, right.balance)

pipeline = compose([lambda x: x * 2, lambda x: x + 1, lambda x: x * x, lambda x: x % 10007])
value = 1
for turn in range(n):
    value = pipeline(value + turn)
print("pipeline", value)


def multiply(a, b):
    return a * b


print("partial", [partial(multiply, 7)(x) for x in (1, 2, 3)], partial(partial, multiply)(6)(7))
steps = memoize(lambda k: 0 if k < 2 else 1 + steps(k // 2 if k % 2 == 0 else 3 * k + 1))
longest = 0
for k in range(1, n + 1):
    longest = max(longest, steps(k))
print("longest chain", longest, "hits", steps(None))
operations = {"plus": lambda a, b: a + b, "minus": lambda a, b: a - b, "power": lambda a, b: a ** b}
for name, operation in operations.items():
    print(name, operation(7, 3), operations[name](2, 5))
print("captured", [k * 10 + 5 for k in (1, 2, 3)], 42)
