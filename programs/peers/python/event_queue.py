"""A bank with three tellers, simulated event by event."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 40
TELLERS = 3


class Bank:
    def __init__(self):
        self.now = 0
        self.agenda = []
        self.free = TELLERS
        self.waiting = []
        self.served = 0
        self.total_wait = 0
        self.longest_line = 0
        self.seed = 90210

    def draw(self, bound):
        self.seed = (self.seed * 1103515245 + 12345) % 2147483648
        return self.seed // 65536 % bound

    def schedule(self, moment, kind, customer):
        low = 0
        high = len(self.agenda)
        while low < high:
            middle = (low + high) // 2
            if self.agenda[middle][0] > moment:
                low = middle + 1
            else:
                high = middle
        self.agenda.insert(low, (moment, kind, customer))

    def begin_service(self, customer):
        self.free -= 1
        self.total_wait += self.now - customer[1]
        self.schedule(self.now + 20 + self.draw(50), "leave", customer)

    def arrive(self, customer):
        if self.free > 0:
            self.begin_service(customer)
        else:
            self.waiting.append(customer)
        self.longest_line = max(self.longest_line, len(self.waiting))
        if customer[0] < n:
            following = (customer[0] + 1, self.now + 5 + self.draw(19))
            self.schedule(following[1], "arrive", following)

    def leave(self, customer):
        self.free += 1
        self.served += 1
        if self.waiting:
            patient = self.waiting[0]
            self.waiting = self.waiting[1:]
            self.begin_service(patient)


bank = Bank()
bank.schedule(0, "arrive", (1, 0))
events = 0
busy = 0
while bank.agenda:
    at, kind, customer = bank.agenda.pop()
    busy += (TELLERS - bank.free) * (at - bank.now)
    bank.now = at
    getattr(bank, kind)(customer)
    events += 1
print("served", bank.served, "events", events, "closed at", bank.now)
print("mean wait", float(bank.total_wait) / bank.served, "longest line", bank.longest_line)
print("busy", 100 * busy // (TELLERS * bank.now), "percent")
