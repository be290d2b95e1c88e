"""Ballots with delegation. Tallies are counted anew from who voted for what, not added up as votes come in."""
import sys
from copy import deepcopy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
HUGE = 2**63 - 1
VOTERS = 24


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


class Ballot:
    """Keeps each voter's own weight, delegate and choice; all else follows from these."""

    def __init__(self):
        self.phase = "registration"
        self.weight = {}
        self.to = {}
        self.choice = {}

    def give_right(self, sender, voter, weight):
        need(sender == "chair", "only the chair gives rights")
        need(self.phase == "registration", "registration is over")
        need(voter not in self.weight, "registered twice")
        need(self.registered() + weight <= HUGE, "Integer overflow in addition")
        need(weight > 0, "weight must be positive")
        self.weight[voter] = weight

    def registered(self):
        return sum(self.weight.values())

    def end(self, voter):
        while voter in self.to:
            voter = self.to[voter]
        return voter

    def entitled(self, voter):
        need(self.phase == "voting", "no vote at this time")
        need(voter in self.weight, "no right to vote")
        need(voter not in self.choice and voter not in self.to, "has voted already")

    def delegate(self, voter, to):
        self.entitled(voter)
        need(to in self.weight, "delegate has no right to vote")
        if self.end(to) == voter:
            raise Failure("delegation to oneself" if to == voter else "delegation in a circle")
        self.to[voter] = to

    def vote(self, voter, choice):
        self.entitled(voter)
        need(choice < 4, "no such choice")
        self.choice[voter] = choice

    def vote_twice(self, voter, choice):
        self.vote(voter, choice)
        self.vote(voter, 0)

    def tally(self):
        votes = [0] * 4
        for voter, weight in self.weight.items():
            end = self.end(voter)
            if end in self.choice:
                votes[self.choice[end]] += weight
        return votes

    def open(self):
        need(self.phase == "registration", "opened already")
        self.phase = "voting"

    def close(self, sender):
        need(sender == "chair", "only the chair closes")
        need(self.phase == "voting", "nothing to close")
        self.phase = "closed"
        votes = self.tally()
        winners[votes.index(max(votes))] += 1


seed = 31


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def attempt(call):
    global ballot
    before = deepcopy(ballot)
    outcome = "done"
    try:
        call()
    except Failure as failure:
        outcome = str(failure)
        ballot = before
    outcomes[outcome] = outcomes.get(outcome, 0) + 1


outcomes = {}
winners = [0] * 4
casts = lost = 0
for turn in range(n):
    ballot = Ballot()
    for voter in range(VOTERS):
        weight = 1 + pick(9)
        if pick(8) == 0:
            continue
        attempt(lambda: ballot.give_right("chair", voter, weight))
        if pick(8) == 0:
            attempt(lambda: ballot.give_right("chair", voter, weight))
        if pick(16) == 0:
            attempt(lambda: ballot.give_right("chair", "stranger", HUGE))
        if pick(16) == 0:
            attempt(lambda: ballot.give_right("chair", "nobody", -weight))
    attempt(lambda: ballot.give_right(0, "friend", 5))
    attempt(lambda: ballot.vote(1, 1))
    attempt(lambda: ballot.open())
    for step in range(VOTERS * 3 // 2):
        voter = pick(VOTERS)
        kind = pick(10)
        if kind < 4:
            attempt(lambda: ballot.vote(voter, pick(4)))
        elif kind < 8:
            attempt(lambda: ballot.delegate(voter, pick(VOTERS)))
        elif kind == 8:
            attempt(lambda: ballot.vote(voter, 4 + pick(3)))
        else:
            attempt(lambda: ballot.vote_twice(voter, pick(4)))
    attempt(lambda: ballot.close(2))
    attempt(lambda: ballot.close("chair"))
    attempt(lambda: ballot.vote(3, 0))
    attempt(lambda: ballot.close("chair"))
    casts += sum(ballot.tally())
    lost += ballot.registered() - sum(ballot.tally())

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("ballots", n, "weight cast", casts, "not cast", lost)
print("winners", winners, "all closed", "true" if sum(winners) == n else "false")
