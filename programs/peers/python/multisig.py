"""A wallet with several owners. A failed call puts back a copy; payments are checked before anything is changed."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal"]
KINDS = ["pay", "pay", "pay", "add", "drop", "threshold", "burn", "add"]


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class Wallet:
    def __init__(self):
        self.owners = [0, 1, 2, 3]
        self.threshold = 2
        self.count = 0
        self.balance = 5000
        self.received = [0] * 8
        self.open = {}
        self.done = {}

    def enter(self, who, id=None):
        need(who in self.owners, "only owners")
        if id is not None:
            need(0 <= id < self.count, "no such proposal")
            need(id not in self.done, "executed already")
            return self.open[id]

    def propose(self, who, kind, subject, amount):
        self.enter(who)
        id = self.count
        self.count += 1
        self.open[id] = (kind, subject, amount, [])
        self.confirm(who, id)
        return id

    def confirm(self, who, id):
        signers = self.enter(who, id)[3]
        need(who not in signers, "confirmed already")
        signers.append(who)

    def confirm_twice(self, who, id):
        self.confirm(who, id)
        self.confirm(who, id)

    def revoke(self, who, id):
        signers = self.enter(who, id)[3]
        need(who in signers, "not confirmed")
        signers.remove(who)

    def execute(self, who, id):
        kind, subject, amount, signers = self.enter(who, id)
        need(len(set(signers) & set(self.owners)) >= self.threshold, "not enough confirmations")
        owners = len(self.owners)
        if kind == "pay":
            need(sum(self.received) + amount <= HUGE, "Integer overflow in addition")
            need(amount > 0, "amount must be positive")
            need(amount <= self.balance, "insufficient funds")
            self.balance -= amount
            self.received[subject] += amount
        elif kind == "add":
            need(subject not in self.owners, "an owner already")
            need(owners < 6, "too many owners")
            self.owners.append(subject)
        elif kind == "drop":
            need(subject in self.owners, "not an owner")
            need(owners - 1 >= self.threshold, "threshold out of range")
            self.owners.remove(subject)
        elif kind == "threshold":
            need(1 <= amount <= owners, "threshold out of range")
            self.threshold = amount
        else:
            raise Failure("Transaction reverted: unknown kind")
        self.done[id] = self.open.pop(id)

    def execute_twice(self, who, id):
        self.execute(who, id)
        global undone
        undone += 1
        self.execute(who, id)

    def grab(self, who, amount):
        self.execute(who, self.propose(who, "pay", who, amount))


seed = 13


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global wallet
    before = deepcopy((wallet.owners, wallet.threshold, wallet.count, wallet.balance, wallet.received, wallet.open))
    finished = dict(wallet.done)
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        wallet.owners, wallet.threshold, wallet.count, wallet.balance, wallet.received, wallet.open = before
        wallet.done = finished
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert wallet.balance == deposits - sum(wallet.received)


def refuse():
    raise Failure("private action")


outcomes = {}
undone = 0
deposits = 5000
wallet = Wallet()
for turn in range(n):
    who = pick(8)
    if pick(6) != 0:
        who = wallet.owners[pick(len(wallet.owners))]
    other = pick(8)
    id = wallet.count - 1 - pick(3)
    kind = pick(16)
    if kind < 1:
        what = KINDS[pick(8)]
        amount = pick(5) if what == "threshold" else pick(400) - 10
        attempt(lambda: wallet.propose(who, what, other, amount))
    elif kind < 8:
        attempt(lambda: wallet.confirm(who, id))
    elif kind == 8:
        attempt(lambda: wallet.confirm_twice(who, id))
    elif kind == 9:
        attempt(lambda: wallet.revoke(who, id))
    elif kind < 13:
        attempt(lambda: wallet.execute(who, id))
    elif kind == 13:
        attempt(lambda: wallet.execute_twice(who, id))
    elif kind == 14:
        attempt(lambda: wallet.grab(who, HUGE if pick(2) == 0 else pick(100)))
    else:
        how = pick(4)
        if how == 0:
            attempt(lambda: wallet.execute("outside", id))
        elif how < 3:
            attempt(refuse)
        else:
            extra = pick(500)
            deposits += extra
            wallet.balance += extra


def listed(texts):
    return "[" + ", ".join(texts) + "]"


for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
executed = [sum(done[0] == kind for done in wallet.done.values()) for kind in KINDS[2:6]]
print("proposals", wallet.count, "executed", listed(f"{k} {c}" for k, c in zip(KINDS[2:6], executed)), "undone", undone)
paid = sum(done[2] for done in wallet.done.values() if done[0] == "pay")
assert paid == sum(wallet.received)
print("deposits", deposits, "paid", paid, "left", wallet.balance)
print("owners", listed(NAMES[who] for who in sorted(wallet.owners)), "threshold", wallet.threshold)
print("received", listed(f"{NAMES[who]} {wallet.received[who]}" for who in range(8)))
print("money conserved", "true" if wallet.balance + paid == deposits else "false")
