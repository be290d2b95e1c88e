"""Sales through an escrow. What is locked is worked out from the deals; a failed call puts back a copy."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee", "eve"]
ARBITER, HOUSE = 5, 6
FUNDED, SHIPPED, DISPUTED, PAID, REFUNDED, SPLIT = range(6)


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class Deal:
    def __init__(self, buyer, seller, amount, deadline):
        self.buyer, self.seller, self.amount, self.deadline = buyer, seller, amount, deadline
        self.status = FUNDED


class World:
    def __init__(self):
        self.money = [10000] * 5 + [0, 0]
        self.deals = {}
        self.fees = 0

    def pay(self, source, target, amount):
        need(amount > 0, "amount must be positive")
        need(self.money[source] >= amount, "insufficient funds")
        self.money[source] -= amount
        self.money[target] += amount

    def locked(self):
        return sum(self.deals[id].amount for id in range(oldest, len(self.deals)) if self.deals[id].status <= DISPUTED)

    def buy(self, buyer, seller, amount, blocks, paid):
        if paid:
            self.pay(buyer, HOUSE, amount)
        need(buyer != seller, "buyer and seller are the same")
        need(blocks > 0, "deadline has passed")
        owed = self.locked() + amount
        need(owed <= HUGE and owed + self.fees <= HUGE, "Integer overflow in addition")
        need(self.money[HOUSE] >= owed + self.fees, "deal was not paid")
        self.deals[len(self.deals)] = Deal(buyer, seller, amount, height + blocks)

    def deal(self, id, status):
        need(id in self.deals, "no such deal")
        need(self.deals[id].status == status, "deal is not in that state")
        return self.deals[id]

    def ship(self, who, id):
        deal = self.deal(id, FUNDED)
        need(who == deal.seller, "only the seller ships")
        need(height <= deal.deadline, "too late")
        deal.status, deal.deadline = SHIPPED, height + 6

    def accept(self, who, id):
        deal = self.deal(id, SHIPPED)
        need(who == deal.buyer, "only the buyer accepts")
        self.release(deal, PAID, deal.amount)

    def accept_twice(self, who, id):
        self.accept(who, id)
        self.accept(who, id)

    def claim(self, who, id):
        deal = self.deal(id, SHIPPED)
        need(who == deal.seller, "only the seller claims")
        need(height > deal.deadline, "too early")
        self.release(deal, PAID, deal.amount)

    def refund(self, who, id):
        deal = self.deal(id, FUNDED)
        need(who == deal.buyer, "only the buyer is refunded")
        need(height > deal.deadline, "too early")
        self.release(deal, REFUNDED, 0)

    def dispute(self, who, id):
        deal = self.deal(id, SHIPPED)
        need(who in (deal.buyer, deal.seller), "not a party")
        need(height <= deal.deadline, "too late")
        deal.status = DISPUTED

    def resolve(self, id, percent):
        deal = self.deal(id, DISPUTED)
        self.release(deal, SPLIT, deal.amount * percent // 100)

    def release(self, deal, status, to_seller):
        fee = to_seller // 50
        to_buyer = deal.amount - to_seller
        need(self.money[HOUSE] >= to_seller - fee, "insufficient funds")
        need(to_buyer >= 0, "amount must be positive")
        deal.status = status
        self.fees += fee
        self.money[HOUSE] -= to_seller - fee + to_buyer
        self.money[deal.seller] += to_seller - fee
        self.money[deal.buyer] += to_buyer
        released[status - PAID] += deal.amount

    def collect(self, who):
        need(who == ARBITER, "only the arbiter collects")
        self.pay(HOUSE, ARBITER, self.fees)
        self.fees = 0


seed = 77


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(id, call):
    global world
    # Only the deal in question can change, and one more may appear.
    count, deal = len(world.deals), deepcopy(world.deals.get(id))
    money, fees = world.money[:], world.fees
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        assert len(world.deals) == count
        world.money, world.fees = money, fees
        if deal:
            world.deals[id] = deal
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert world.money[HOUSE] == world.locked() + world.fees and min(world.money) >= 0


released = [0] * 3
outcomes = {}
height = oldest = 0
world = World()
for turn in range(n):
    buyer = pick(5)
    seller = pick(5)
    amount = pick(900) - 4
    while oldest < len(world.deals) and world.deals[oldest].status > DISPUTED:
        oldest += 1
    id = oldest if pick(2) == 0 else len(world.deals) - 1 - pick(6)
    deal = world.deals.get(id)
    kind = pick(16)
    who = pick(5)
    if deal and pick(3) != 0:
        late = height > deal.deadline
        who = deal.buyer
        if deal.status == FUNDED:
            kind = 11 if late else 4
            if not late:
                who = deal.seller
        elif deal.status == SHIPPED:
            kind = 10 if late else (7, 9, 12)[pick(3)]
            if late:
                who = deal.seller
        elif deal.status == DISPUTED:
            kind = 13
        else:
            kind = pick(6)
    if kind < 3:
        attempt(id, lambda: world.buy(buyer, seller, amount, 1 + pick(8), True))
    elif kind == 3:
        attempt(id, lambda: world.buy(buyer, seller, HUGE if pick(2) == 0 else amount + 10, pick(3), False))
    elif kind < 7:
        attempt(id, lambda: world.ship(who, id))
    elif kind < 9:
        attempt(id, lambda: world.accept(who, id))
    elif kind == 9:
        # Heard of although undone: what the handler adds is no state.
        attempt(id, lambda: world.accept_twice(who, id))
    elif kind == 10:
        attempt(id, lambda: world.claim(who, id))
    elif kind == 11:
        attempt(id, lambda: world.refund(who, id))
    elif kind == 12:
        attempt(id, lambda: world.dispute(who, id))
    elif kind < 15:
        attempt(id, lambda: world.resolve(id, pick(8) * 20))
    else:
        attempt(id, lambda: world.collect(ARBITER if pick(2) == 0 else who))
    height += pick(3) == 0

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
counts = [0] * 6
for deal in world.deals.values():
    counts[deal.status] += 1
print("deals", len(world.deals), "by status", counts, "height", height)
print("released", released, "locked", world.locked(), "fees", world.fees)
for who in range(5):
    print(NAMES[who], world.money[who])
print("arbiter", world.money[ARBITER], "money conserved", "true" if sum(world.money) == 50000 else "false")
