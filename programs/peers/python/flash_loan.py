"""Loans for the length of one call. A failed call puts back a copy of all balances."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
PLANS = ["keep", "no fee", "one short", "deposit", "again", "hide", "throw", "pay"]
SAVERS, POOL, MARKETS, TRADER, CROOK = [0, 1, 2], 3, [4, 5], 6, 7


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class World:
    def __init__(self):
        self.gold = [80000] * 3 + [60000, 5000000, 5000000, 0, 2000]
        self.corn = [0] * 4 + [10000000, 10000000, 0, 0]
        self.deposits = [20000] * 3
        self.rates = [2000, 1900]
        self.loans = 0

    def earned(self):
        return self.gold[POOL] - sum(self.deposits)

    def pay(self, coin, source, target, amount):
        held = self.corn if coin else self.gold
        need(amount > 0, "amount must be positive")
        need(held[source] >= amount, "insufficient " + ("corn" if coin else "gold"))
        held[source] -= amount
        held[target] += amount

    def lend(self, amount, borrower, use):
        before = self.gold[POOL]
        need(amount <= before, "not so much there")
        need(amount + 999 <= HUGE, "Integer overflow in addition")
        fee = -(-amount // 1000)
        self.pay(0, POOL, borrower, amount)
        use(amount, fee)
        need(self.gold[POOL] >= before + fee, "not paid back")
        self.loans += 1
        global volume
        volume += amount

    def change(self, market, side, amount):
        rate = self.rates[market]
        out = amount * 1000 // rate if side else amount * rate // 1000
        self.pay(1 - side, MARKETS[market], TRADER, out)
        self.rates[market] += amount // 600 if side else -(amount // 500)
        need(self.rates[market] > 0, "market is empty")
        return out

    def trade(self, amount, cheap):
        before = self.gold[TRADER]

        def use(amount, fee):
            dear = 1 - cheap
            self.pay(0, TRADER, MARKETS[cheap], amount)
            bought = self.change(cheap, 0, amount)
            self.pay(1, TRADER, MARKETS[dear], bought)
            self.change(dear, 1, bought)
            self.pay(0, TRADER, POOL, amount + fee)

        self.lend(amount, TRADER, use)
        need(self.gold[TRADER] > before, "no profit in it")

    def crook(self, amount, plan):
        def use(amount, fee):
            if plan == "deposit":
                self.pay(0, CROOK, POOL, amount)
            need(plan not in ("deposit", "again"), "reentrant call")
            need(plan != "throw", "so there")
            if plan != "keep":
                less = {"no fee": fee, "one short": 1, "hide": 1}.get(plan, 0)
                self.pay(0, CROOK, POOL, amount + fee - less)

        self.lend(amount, CROOK, use)

    def deposit(self, who, amount, paid):
        if paid:
            self.pay(0, who, POOL, amount)
        need(amount > 0, "amount must be positive")
        need(paid, "nothing was paid in")
        self.deposits[who] += amount

    def withdraw(self, who, amount):
        need(0 < amount <= self.deposits[who], "not so much deposited")
        self.deposits[who] -= amount
        self.pay(0, POOL, who, amount)

    def borrow(self, who, amount):
        def use(amount, fee):
            raise Failure("no borrower")

        self.lend(amount, who, use)


seed = 53


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global world, volume
    before, heard = deepcopy(world), volume
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        world, volume = before, heard
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(world.gold) == 10302000 and sum(world.corn) == 20000000
    assert world.earned() >= before.earned() and world.gold[CROOK] <= 2000


volume = 0
outcomes = {}
world = World()
for turn in range(n):
    who = pick(3)
    kind = pick(16)
    if kind < 5:
        attempt(lambda: world.trade(1 + pick(20000), 0 if world.rates[0] > world.rates[1] else 1))
    elif kind == 5:
        attempt(lambda: world.trade(1 + pick(9000), pick(2)))
    elif kind < 10:
        attempt(lambda: world.crook(1 + pick(9000), PLANS[pick(8)]))
    elif kind == 10:
        attempt(lambda: world.deposit(who, pick(2000) - 5, True))
    elif kind == 11:
        attempt(lambda: world.withdraw(who, pick(4000)))
    elif kind == 12:
        attempt(lambda: world.deposit(who, 1 + pick(9), False))
    elif kind == 13:
        attempt(lambda: world.borrow(who, 50 if pick(2) == 0 else 0))
    elif kind == 14:
        attempt(lambda: world.crook(HUGE if pick(2) == 0 else -1000, "pay"))
    else:
        which = pick(2)
        world.rates[which] = 1500 + pick(1000)

for who in SAVERS:
    if world.deposits[who]:
        world.withdraw(who, world.deposits[who])
    assert world.gold[who] == 100000

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("loans", world.loans, "volume", volume, "earned by the pool", world.earned())
print("trader", world.gold[TRADER], "crook", world.gold[CROOK], "rates", world.rates)
print("deposits back true coins conserved true")
