"""A lottery by commitment and disclosure. Every action checks all it needs before it changes anything."""
import sys
from hashlib import sha256

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
TICKET, DEPOSIT = 10, 5
HUGE = 2**63 - 1
NAMES = ["ann", "bob", "cid", "dee", "eve", "fay"]


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


def digest(text):
    return sha256(text.encode()).hexdigest()


class Round:
    def __init__(self, number, started, pot):
        self.number, self.started, self.pot = number, started, pot
        self.drawn = number == 0
        self.committed = {}
        self.revealed = []
        self.winner = None

    def phase(self):
        if self.drawn:
            return "idle"
        return ["commit", "reveal", "draw"][min((height - self.started) // 4, 2)]

    def seal(self, who, secret):
        return digest(f"{self.number}:{NAMES[who]}:{secret}")

    def mix(self):
        mixed = f"round {self.number}"
        for _, secret in self.revealed:
            mixed = digest(mixed + "|" + secret)
        return mixed


def start(who):
    global round
    need(who == "operator", "only the operator starts")
    need(round.phase() == "idle", "a round is under way")
    round = Round(round.number + 1, height, round.pot)


def commit(who, what, paid=True):
    if paid:
        need(money[who] >= TICKET + DEPOSIT, "insufficient funds")
    need(round.phase() == "commit", "no time to commit")
    need(who not in round.committed, "committed already")
    need(len(what) == 64, "no digest")
    need(paid, "not paid")
    money[who] -= TICKET + DEPOSIT
    round.pot += TICKET + DEPOSIT
    round.committed[who] = what


def reveal(who, secret):
    need(round.phase() == "reveal", "no time to reveal")
    need(who in round.committed, "nothing committed")
    need(who not in [player for player, _ in round.revealed], "revealed already")
    need(round.seal(who, secret) == round.committed[who], "not what was committed")
    round.revealed.append((who, secret))
    round.pot -= DEPOSIT
    owed[who] += DEPOSIT


def due_to_win():
    need(round.phase() == "draw", "no time to draw")
    if round.revealed:
        return round.revealed[int(round.mix()[:12], 16) % len(round.revealed)][0]


def draw(only=None):
    global largest
    winner = due_to_win()
    if only is not None and winner != only:
        if winner is not None:
            largest = max(largest, round.pot)  # heard, although undone
        raise Failure("somebody else would win")
    round.drawn = True
    if winner is not None:
        round.winner = winner
        owed[winner] += round.pot
        wins[winner] += 1
        largest = max(largest, round.pot)
        round.pot = 0


def collect(who, times):
    need(owed[who] > 0 and times == 1, "nothing to collect")
    money[who] += owed[who]
    owed[who] = 0


def mine(blocks):
    global height
    need(blocks > 0, "time goes forward")
    need(height + blocks <= HUGE, "Integer overflow in addition")
    height += blocks


seed = 19


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
    assert sum(money) + sum(owed) + round.pot == 6000


height = largest = 0
money = [1000] * 6
owed = [0] * 6
wins = [0] * 6
outcomes = {}
round = Round(0, 0, 0)
for turn in range(n):
    attempt(lambda: start(pick(6)))
    attempt(lambda: start("operator"))
    secrets = [f"s{pick(30000)}" for _ in range(6)]
    for step in range(12):
        who = pick(6)
        kind = pick(10)
        if kind < 6:
            attempt(lambda: commit(who, round.seal(who, secrets[who])))
        elif kind == 6:
            attempt(lambda: commit(who, round.seal(who, secrets[who]), False))
        elif kind == 7:
            attempt(lambda: commit(who, "heads"))
        elif kind == 8:
            attempt(lambda: commit(who, round.committed.get(pick(6), "")))
        else:
            attempt(lambda: reveal(who, secrets[who]))
        if step % 3 == 2:
            mine(1)
    for step in range(12):
        who = pick(6)
        kind = pick(10)
        if kind < 6:
            attempt(lambda: reveal(who, secrets[who]))
        elif kind == 6:
            attempt(lambda: reveal(who, f"s{pick(30000)}"))
        elif kind == 7:
            attempt(lambda: commit(who, round.seal(who, secrets[who])))
        elif kind == 8:
            attempt(lambda: draw(who))
        else:
            attempt(lambda: reveal(who, secrets[pick(6)]))
        if step % 3 == 2:
            mine(1)
    for who in (0, 1):
        attempt(lambda: draw(who))
    if not round.drawn:
        attempt(lambda: draw())
    for step in range(4):
        who = pick(6)
        attempt(lambda: collect(who, 2 if pick(3) == 0 else 1))
    attempt(lambda: mine(HUGE if pick(2) == 0 else 0))

for who in range(6):
    money[who] += owed[who]
    owed[who] = 0
for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("rounds", round.number, "last mix", round.mix()[:16], "largest pot", largest)
for who in range(6):
    print(NAMES[who], money[who], "won", wins[who])
print("pot", round.pot, "money conserved", "true" if sum(money) + round.pot == 6000 else "false")
