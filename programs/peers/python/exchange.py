"""A pool of two coins. Reserves are followed apart from balances, and a failed call puts back a copy."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee"]
COINS = ["gold", "silver"]
POOL = 4


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


def times(a, b):
    need(-(2**63) <= a * b <= HUGE, "Integer overflow in multiplication")
    return a * b


class World:
    def __init__(self):
        self.held = [[100000] * 4 + [0], [200000] * 4 + [0]]
        self.shares = [0] * 4

    def reserves(self):
        return self.held[0][POOL], self.held[1][POOL]

    def move(self, coin, source, target, amount):
        need(amount > 0, "nothing to move")
        need(self.held[coin][source] >= amount, "insufficient " + COINS[coin])
        self.held[coin][source] -= amount
        self.held[coin][target] += amount

    def add(self, who, amount):
        need(amount > 0, "nothing to add")
        x, y = self.reserves()
        issued = sum(self.shares)
        other = -(-amount * y // x) if issued else amount * 2
        minted = amount * issued // x if issued else amount
        need(minted > 0, "too little for a share")
        self.move(0, who, POOL, amount)
        self.move(1, who, POOL, other)
        self.shares[who] += minted

    def remove(self, who, amount):
        need(0 < amount <= self.shares[who], "not so many shares")
        issued = sum(self.shares)
        need(amount < issued, "somebody has to stay")
        outs = [reserve * amount // issued for reserve in self.reserves()]
        self.shares[who] -= amount
        for coin in (0, 1):
            self.move(coin, POOL, who, outs[coin])

    def quote(self, side, amount):
        paid = times(amount, 997)
        reserves = self.reserves()
        return times(paid, reserves[1 - side]) // (reserves[side] * 1000 + paid)

    def swap(self, who, side, amount, least):
        need(amount > 0, "nothing to swap")
        out = self.quote(side, amount)
        self.move(side, who, POOL, amount)
        self.move(1 - side, POOL, who, out)
        need(out >= least, "price has moved")
        return out

    def round_trip(self, who, side, amount):
        out = self.swap(who, side, amount, 1)
        need(self.swap(who, 1 - side, out, 1) > amount, "no profit in it")

    def swap_now(self, who, side, amount, slip):
        self.swap(who, side, amount, self.quote(side, amount) + slip)


seed = 23


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global world
    before = deepcopy(world)
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        world = before
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    x, y = world.reserves()
    p, q = before.reserves()
    s, t = sum(world.shares), sum(before.shares)
    # Exact, in integers of any size: what a share is worth never falls.
    assert x * y * t * t >= p * q * s * s
    assert sum(world.held[0]) == 400000 and sum(world.held[1]) == 800000


def refuse(message):
    raise Failure(message)


outcomes = {}
world = World()
world.add(0, 50000)
for turn in range(n):
    who = pick(4)
    side = pick(2)
    amount = pick(3000) - 10
    kind = pick(10)
    if kind < 5:
        attempt(lambda: world.swap_now(who, side, amount, pick(6) - 4))
    elif kind == 5:
        attempt(lambda: world.add(who, amount))
    elif kind == 6:
        attempt(lambda: world.remove(who, amount))
    elif kind == 7:
        attempt(lambda: world.round_trip(who, side, amount))
    elif kind == 8:
        attempt(lambda: world.swap(who, side, amount * 10, 0))
    else:
        how = pick(3)
        if how == 0:
            attempt(lambda: world.swap(who, side, HUGE // 1000, 0))
        elif how == 1:
            attempt(lambda: world.swap(who, side, HUGE // 997 // 1000000, 0))
        else:
            attempt(lambda: refuse("not trusted"))
for who in (1, 2):
    if world.held[0][who] < 100:
        world.swap(who, 1, 300, 0)
last = [who for who in range(4) if world.shares[who] > 0]
for i, who in enumerate(last):
    world.remove(who, world.shares[who] - (1 if i == len(last) - 1 else 0))

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
for coin in (0, 1):
    shown = ", ".join(f"{NAMES[who]} {world.held[coin][who]}" for who in range(4))
    print(COINS[coin], f"[{shown}]", "pool", world.held[coin][POOL])
print("coins conserved", "true" if sum(map(sum, world.held)) == 1200000 else "false")
