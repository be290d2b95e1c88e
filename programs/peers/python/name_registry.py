"""A registry of names. Every action checks all it needs before it changes anything."""
import re
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
GRACE = 4
NICKS = ["ann", "bob", "cid", "dee", "eve"]


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class Record:
    def __init__(self, owner, expires):
        self.owner, self.expires, self.target = owner, expires, None


records = {}
primary = {}
funds = [3000] * 5
income = height = 0


def price(name, blocks):
    cost = blocks * (40 if len(name) <= 3 else 10 if len(name) <= 4 else 2)
    need(cost <= HUGE, "Integer overflow in multiplication")
    return cost


def afford(who, name, blocks):
    cost = price(name, blocks)
    need(cost > 0, "amount must be positive")
    need(funds[who] >= cost, "insufficient funds")


def charge(who, name, blocks):
    global income
    income += price(name, blocks)
    funds[who] -= price(name, blocks)


def drop(name):
    owner = records.pop(name).owner
    if primary.get(owner) == name:
        del primary[owner]


def register(who, name, blocks, paid):
    if paid:
        afford(who, name, blocks)
    need(2 <= len(name) <= 12, "bad length")
    need(re.fullmatch("[a-z-]*", name), "bad letter")
    need(name[0] != "-" and name[-1] != "-", "bad hyphen")
    need(blocks >= 1, "for no time")
    old = records.get(name)
    if old:
        need(height > old.expires, "taken")
        need(height > old.expires + GRACE or old.owner == who, "in grace")
    need(height + blocks <= HUGE, "Integer overflow in addition")
    cost = price(name, blocks)
    need(income + cost <= HUGE, "Integer overflow in addition")
    need(paid, "not paid")
    if old:
        drop(name)
    records[name] = Record(who, height + blocks)
    charge(who, name, blocks)
    global registered
    registered += 1


def renew(who, name, blocks, paid):
    if paid:
        afford(who, name, blocks)
    old = records.get(name)
    need(old and height <= old.expires + GRACE, "nothing to renew")
    need(old.expires + blocks <= HUGE, "Integer overflow in addition")
    cost = price(name, blocks)
    need(income + cost <= HUGE, "Integer overflow in addition")
    need(paid, "not paid")
    old.expires += blocks
    charge(who, name, blocks)


def live(name):
    need(name in records, "not registered")
    need(height <= records[name].expires, "expired")
    return records[name]


def own(who, name):
    record = live(name)
    need(record.owner == who, "not the owner")
    return record


def transfer(who, name, target):
    record = own(who, name)
    need(target != who, "to oneself")
    if primary.get(who) == name:
        del primary[who]
    record.owner, record.target = target, None


def sell_and_keep(who, name, target):
    own(who, name)
    need(target != who, "to oneself")
    raise Failure("not the owner")


def point(who, name, target):
    own(who, name).target = target


def set_primary(who, name):
    own(who, name)
    primary[who] = name


def release(who, name):
    own(who, name)
    drop(name)


def resolve(name):
    for step in range(9):
        record = live(name)
        if record.target is None:
            return record.owner
        if record.target not in records:
            return record.target
        name = record.target
    raise Failure("names in a circle")


def resolve_and_count(name):
    global resolved
    resolved += isinstance(resolve(name), int)


seed = 3


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert all(records[name].owner == owner for owner, name in primary.items())


outcomes = {}
resolved = registered = 0
names = [start + end for start in ["ab", "cde", "fghi", "k-l", "river", "mountain"] for end in ["", "-s", "o"]]
strange = ["a", "UPPER", "-ab", "ab-", "under_score", "far-too-long-for-this", "", "nïce"]
for turn in range(n):
    who = pick(5)
    other = pick(5)
    name = names[pick(18)]
    blocks = 1 + pick(30)
    kind = pick(20)
    if name in records and pick(3) != 0:
        who = records[name].owner
    if kind < 5:
        attempt(lambda: register(who, name, blocks, True))
    elif kind == 5:
        attempt(lambda: register(who, name, blocks, False))
    elif kind == 6:
        attempt(lambda: register(who, strange[pick(8)], blocks, True))
    elif kind == 7:
        attempt(lambda: register(who, name, HUGE if pick(2) == 0 else -pick(2), False))
    elif kind < 10:
        attempt(lambda: renew(who, name, blocks, True))
    elif kind == 10:
        attempt(lambda: renew(who, name, HUGE - pick(2000) if pick(2) == 0 else blocks, False))
    elif kind == 11:
        attempt(lambda: transfer(who, name, other))
    elif kind == 12:
        attempt(lambda: sell_and_keep(who, name, other))
    elif kind < 16:
        attempt(lambda: point(who, name, other if pick(4) == 0 else names[pick(18)]))
    elif kind == 16:
        attempt(lambda: set_primary(who, name))
    elif kind == 17:
        attempt(lambda: release(who, name) if pick(4) == 0 else set_primary(who, name))
    else:
        attempt(lambda: resolve_and_count(name))
    height += pick(3) == 0
    if pick(40) == 0:
        funds = [fund + 300 for fund in funds]

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("registered", registered, "resolved", resolved, "income", income, "height", height)
for name in names:
    if name in records:
        record = records[name]
        target = "@" + NICKS[record.target] if isinstance(record.target, int) else record.target or "-"
        print(name, NICKS[record.owner], record.expires, target)
known = []
for who in range(5):
    name = primary.get(who)
    known.append(f"{NICKS[who]} {name if name and height <= records[name].expires else '-'}")
print("known as", "[" + ", ".join(known) + "]")
print("funds", funds)
