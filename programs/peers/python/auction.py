"""English auctions. What each bidder has is worked out from bids and refunds; a failed call puts back a copy."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee", "eve"]
HOUSE = 5


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class Auction:
    def __init__(self, seller, blocks, reserve):
        self.seller = seller
        self.reserve = reserve
        self.closes = height + blocks
        self.leader = None
        self.best = 0
        self.settled = False
        self.refunds = {}

    def owed(self):
        return sum(self.refunds.values())

    def bid(self, who, amount, paid):
        if paid:
            pay(who, HOUSE, amount)
        need(height < self.closes, "auction is over")
        need(who != self.seller, "sellers may not bid")
        need(amount >= self.reserve, "below the reserve")
        need(amount >= self.best + max(1, self.best // 20), "bid too low")
        need(paid, "bid was not paid")
        if self.leader is not None:
            self.refunds[self.leader] = self.refunds.get(self.leader, 0) + self.best
        self.leader, self.best = who, amount
        heard.append(amount)

    def withdraw(self, who):
        need(who in self.refunds, "nothing to withdraw")
        pay(HOUSE, who, self.refunds.pop(who))

    def withdraw_twice(self, who):
        self.withdraw(who)
        self.withdraw(who)

    def settle(self):
        need(height >= self.closes, "auction still runs")
        need(not self.settled, "settled already")
        self.settled = True
        if self.leader is not None:
            pay(HOUSE, self.seller, self.best)


def pay(source, target, amount):
    need(amount > 0, "nothing to pay")
    need(money[source] >= amount, "insufficient funds")
    money[source] -= amount
    money[target] += amount


seed = 5


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global auction, money
    before = deepcopy((auction, money))
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        auction, money = before
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert money[HOUSE] == auction.owed() + (0 if auction.settled else auction.best)
    return outcome == "done"


def hold():
    global height
    while height < auction.closes + 2:
        who = pick(5)
        amount = auction.best + pick(300) - 20
        kind = pick(12)
        if kind < 6:
            attempt(lambda: auction.bid(who, amount, True))
        elif kind == 6:
            attempt(lambda: auction.bid(who, auction.best * 2 + 100, False))
        elif kind == 7:
            attempt(lambda: auction.withdraw(who))
        elif kind == 8:
            attempt(lambda: auction.withdraw_twice(who))
        elif kind == 9:
            attempt(lambda: auction.settle())
        elif kind == 10:
            # The seller's own bid fails whatever it is.
            attempt(lambda: auction.bid(who, HUGE if pick(2) == 0 else auction.best, True))
        height += pick(3) == 0
    if not auction.settled:
        attempt(lambda: auction.settle())


height = 0
heard = [0]
outcomes = {}
money = [20000] * 5 + [0]
bought = [0] * 5
turnover = unsold = 0
for turn in range(n):
    auction = Auction(turn % 5, 5 + pick(8), 50 + pick(100))
    hold()
    if auction.leader is None:
        unsold += 1
    else:
        turnover += auction.best
        bought[auction.leader] += 1
    for who in range(5):
        if who in auction.refunds:
            attempt(lambda: auction.withdraw(who))
        attempt(lambda: auction.withdraw(who))
    assert money[HOUSE] == 0

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("auctions", n, "unsold", unsold, "turnover", turnover, "highest bid heard", max(heard))
for who in range(5):
    print(NAMES[who], money[who], "bought", bought[who])
print("height", height, "money conserved", "true" if sum(money) == 100000 else "false")
