"""Stakes and rewards, with the accumulator in integers; beside it each reward as an exact fraction, to bound the rounding."""
import sys
from fractions import Fraction

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
SCALE = 10**9
NAMES = ["ann", "bob", "cid", "dee", "eve", "fay"]


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


height = 1
rate = 100
per_share = updated = emitted = 0
coins = [10000] * 6
rewards = [0] * 6
stake, mark, owed, since = [0] * 6, [0] * 6, [0] * 6, [0] * 6
settled = [0] * 6
exact = [Fraction(0)] * 6


def update():
    """Spreads what was emitted since the last time over those who have a stake."""
    global per_share, updated, emitted
    total = sum(stake)
    if total > 0:
        reward = (height - updated) * rate
        emitted += reward
        per_share += reward * SCALE // total
        # Fractions are slow where they get long: to 1 in 2**80 is enough of them.
        for who in range(6):
            exact[who] += Fraction((reward * stake[who] << 80) // total, 2**80)
    updated = height


def settle(who):
    update()
    owed[who] += stake[who] * (per_share - mark[who]) // SCALE
    mark[who] = per_share
    settled[who] += 1


def pending(who):
    share = per_share
    if sum(stake) > 0:
        share += (height - updated) * rate * SCALE // sum(stake)
    return owed[who] + stake[who] * (share - mark[who]) // SCALE


def deposit(who, amount, paid=True):
    need(amount > 0, "amount must be positive")
    if paid:
        need(coins[who] >= amount, "insufficient coins")
    else:
        need(stake[who] + amount <= HUGE and sum(stake) + amount <= HUGE, "Integer overflow in addition")
        raise Failure("stake was not paid")
    settle(who)
    coins[who] -= amount
    stake[who] += amount
    since[who] = height


def withdraw(who, amount):
    need(amount > 0, "amount must be positive")
    need(stake[who] >= amount, "not so much at stake")
    need(height >= since[who] + 5, "stake is locked")
    settle(who)
    stake[who] -= amount
    coins[who] += amount


def claim(who):
    need(pending(who) > 0, "amount must be positive")
    settle(who)
    rewards[who] += owed[who]
    owed[who] = 0


def claim_twice(who):
    # What the first leaves is nothing, so the second always fails and undoes it.
    raise Failure("amount must be positive")


def flash(who, amount):
    need(coins[who] >= amount, "insufficient coins")
    raise Failure("stake is locked")


def set_rate(by_admin, value):
    global rate
    need(by_admin, "only the admin sets the rate")
    need(0 <= value <= 1000, "rate out of range")
    update()
    rate = value


def mine(blocks):
    global height
    need(blocks > 0, "time goes forward")
    need(height + blocks <= HUGE, "Integer overflow in addition")
    height += blocks


seed = 41


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    # Every function above checks before it changes anything, so nothing has to be undone.
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
    outcomes[outcome] = outcomes.get(outcome, 0) + 1


outcomes = {}
for turn in range(n):
    who = pick(6)
    amount = pick(2000) - 10
    kind = pick(16)
    if kind < 4:
        attempt(lambda: deposit(who, amount))
    elif kind < 8:
        attempt(lambda: withdraw(who, max(1, stake[who]) if amount % 3 == 0 else amount))
    elif kind < 11:
        attempt(lambda: claim(who))
    elif kind == 11:
        attempt(lambda: claim_twice(who))
    elif kind == 12:
        attempt(lambda: flash(who, max(1, amount)))
    elif kind == 13:
        attempt(lambda: set_rate(pick(3) != 0, pick(1100)))
    elif kind == 14:
        attempt(lambda: deposit(who, HUGE if pick(2) == 0 else 1 + pick(10), False))
    else:
        attempt(lambda: mine(HUGE if pick(4) == 0 else pick(9)))
    if pick(2) == 0:
        mine(1)

last = [pending(who) for who in range(6)]
for who in range(6):
    if pending(who) > 0:
        claim(who)
mine(5)
for who in range(6):
    if stake[who] > 0:
        withdraw(who, stake[who])
    if pending(who) > 0:
        claim(who)

# Nobody gets more than his exact part, and loses less than one for each rounding.
update()
for who in range(6):
    assert 0 <= exact[who] - rewards[who] + Fraction(1, 10**6) < settled[who] + 1, (who, exact[who], rewards[who])
assert coins == [10000] * 6


def listed(values):
    return "[" + ", ".join(f"{name} {value}" for name, value in zip(NAMES, values)) + "]"


for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("height", height, "emitted", emitted, "paid", sum(rewards))
print("rewards", listed(rewards))
print("last claims", listed(last))
print("stakes back true rewards conserved true")
