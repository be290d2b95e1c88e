"""Three vaults and a thief. Nothing here calls back: what an attack yields is worked out from what the vault holds."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 20
CARELESS, GUARDED, ORDERLY = range(3)
KINDS = ["careless", "guarded", "orderly"]

seed = 37


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


purse = [100000] * 5
thief = 30000
issued = 530000
held = [0] * 3
shares = [[0] * 5 for _ in range(3)]
stolen = [0] * 3
deepest = refused = 0
outcomes = {}


def note(v, what):
    key = f"{KINDS[v]}: {what}"
    outcomes[key] = outcomes.get(key, 0) + 1


def withdraw(v, who):
    due = shares[v][who]
    if due == 0:
        return "nothing to withdraw"
    purse[who] += due
    held[v] -= due
    shares[v][who] = 0
    return "done"


for turn in range(n):
    for v in range(3):
        for step in range(6):
            who = pick(5)
            kind = pick(8)
            if kind < 5:
                amount = 1 + pick(900)
                if amount > purse[who]:
                    note(v, "insufficient funds")
                    continue
                purse[who] -= amount
                held[v] += amount
                shares[v][who] += amount
                note(v, "done")
            elif kind == 5:
                note(v, withdraw(v, who))
            elif kind == 6:
                note(v, withdraw(v, who) if pick(5) == who else "not yours")
            else:
                note(v, "amount must be positive")
        stake = 100 + pick(300)
        depth = 1 + pick(40)
        stubborn = pick(3) == 0
        # The stake is in. Paid once, the thief asks again if the vault has as much once more.
        asks_again = held[v] >= stake
        gain = 0
        if v == CARELESS:
            # As often as it likes, or as the vault can.
            times = min(depth, held[v] // stake)
            gain = times * stake
            deepest = max(deepest, times)
            note(v, "attacked")
        elif asks_again and stubborn:
            note(v, "attack failed, " + ("reentrant call" if v == GUARDED else "nothing to withdraw"))
        else:
            refused += asks_again
            note(v, "attacked")
        # What it takes is put back into the vault from nowhere; its stake it gets in any case.
        stolen[v] += gain
        thief += gain
        issued += gain

paid = [sum(v) for v in shares]
for v in range(3):
    assert held[v] == paid[v]
    for who in range(5):
        withdraw(v, who)

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("stolen", stolen, "most at once", deepest, "times the stake, refused", refused)
print("paid back", paid, "left", held)
print("savers", purse, "thief", thief)
conserved = sum(purse) + thief + sum(held) == issued
print("nobody gained from the safe vaults true money conserved", "true" if conserved else "false")
