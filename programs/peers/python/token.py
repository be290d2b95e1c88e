"""A token with allowances. A failed call is undone by putting back a deep copy of everything."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee", "eve", "fay"]


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


def checked(value):
    need(-(2**63) <= value <= HUGE, "Integer overflow in addition")
    return value


class Token:
    def __init__(self):
        self.supply = 0
        self.balances = {}
        self.allowed = {}

    def transfer(self, source, target, amount):
        need(amount > 0, "amount must be positive")
        need(self.balances.get(source, 0) >= amount, "insufficient balance")
        self.balances[source] -= amount
        self.balances[target] = self.balances.get(target, 0) + amount
        global heard
        heard += 1

    def approve(self, owner, spender, amount):
        need(amount >= 0, "allowance below zero")
        self.allowed[owner, spender] = amount

    def transfer_from(self, spender, owner, target, amount):
        need(amount > 0, "amount must be positive")
        need(self.allowed.get((owner, spender), 0) >= amount, "insufficient allowance")
        self.allowed[owner, spender] -= amount
        self.transfer(owner, target, amount)

    def mint(self, minter, target, amount):
        need(minter == "system", "only the minter mints")
        self.balances[target] = checked(self.balances.get(target, 0) + amount)
        self.supply = checked(self.supply + amount)
        global heard
        heard += 1

    def burn(self, owner, amount):
        need(0 < amount <= self.balances.get(owner, 0), "nothing to burn")
        self.balances[owner] -= amount
        self.supply -= amount
        global heard
        heard += 1


seed = 11


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global token
    before = deepcopy(token)
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        token = before
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(token.balances.values()) == token.supply and min(token.balances.values()) >= 0


def private():
    raise Failure("private action")


def pay_all(source, amount):
    for target in range(6):
        token.transfer(source, target, amount)


def pay_some(source, amount):
    global moved
    for target in range(6):
        try:
            token.transfer(source, target, amount)
            moved += 1
        except Failure:
            pass


def possible(first, second):
    """Whether two payments can be made one after the other."""
    held = dict(token.balances)
    for source, target, amount in (first, second):
        if held[source] < amount:
            return False
        held[source] -= amount
        held[target] += amount
        global heard
        heard += 1
    return True


heard = 0
moved = 0
compared = 0
outcomes = {}
token = Token()
for holder in range(6):
    token.mint("system", holder, 1000)
heard = 0  # the handler is registered after these

for turn in range(n):
    a = pick(6)
    b = (a + 1 + pick(5)) % 6
    c = pick(6)
    amount = pick(400) - 5
    kind = pick(12)
    if kind < 4:
        attempt(lambda: token.transfer(a, b, amount))
    elif kind == 4:
        attempt(lambda: token.approve(a, b, amount * 3))
    elif kind < 7:
        attempt(lambda: token.transfer_from(b, a, c, amount))
    elif kind == 7:
        attempt(lambda: token.burn(a, amount // 4))
    elif kind == 8:
        attempt(lambda: token.mint("system", a, pick(90)))
    elif kind == 9:
        how = pick(4)
        if how == 0:
            attempt(lambda: token.mint(a, a, amount))
        elif how == 1:
            attempt(lambda: token.transfer(a, b, HUGE))
        elif how == 2:
            attempt(lambda: token.mint("system", a, HUGE - token.balances[a]))
        else:
            attempt(private)
    elif kind == 10:
        attempt(lambda: pay_all(a, amount // 2))
    else:
        attempt(lambda: pay_some(a, amount // 2))
    if turn % 8 == 0:
        one, two = (a, b, 20), (b, c, 30)
        here = possible(one, two)
        there = possible(two, one)
        compared += here and there

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("some paid", moved, "events heard", heard, "orders compared", compared)
print("balances", "[" + ", ".join(f"{NAMES[i]} {token.balances[i]}" for i in range(6)) + "]")
print("supply", token.supply, "balanced", "true" if sum(token.balances.values()) == token.supply else "false")
