"""A bank with three kinds of account works through a list of random payments."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60


class Failure(Exception):
    pass


class NoFunds(Exception):
    pass


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = 0

    def deposit(self, amount):
        if not amount > 0:
            raise Failure("Requirement failed: deposit must be positive")
        self.balance += amount
        self.history += 1

    def withdraw(self, amount):
        if not amount > 0:
            raise Failure("Requirement failed: withdrawal must be positive")
        if self.balance - amount < self.lowest():
            raise NoFunds(amount - self.balance)
        self.balance -= amount
        self.history += 1

    def lowest(self):
        return 0


class Overdraft(Account):
    credit = 500

    def lowest(self):
        return -self.credit


class Frozen(Account):
    def withdraw(self, amount):
        raise Failure(f"account of {self.owner} is frozen")


def transfer(source, target, amount):
    done = False
    before = source.balance
    try:
        source.withdraw(amount)
        target.deposit(amount)
        done = True
    finally:
        if not done:
            source.balance = before


accounts = [Account("ann", 1000), Account("bob", 250), Overdraft("cid", 100), Frozen("dee", 5000)]
total = sum(account.balance for account in accounts)
failures = {"funds": 0, "frozen": 0, "other": 0}
shortest = 0
seed = 17
for _ in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    source = accounts[seed // 65536 % 4]
    target = accounts[seed // 1048576 % 4]
    amount = seed // 4096 % 300 - 5
    try:
        transfer(source, target, amount)
    except NoFunds as problem:
        failures["funds"] += 1
        shortest = max(shortest, problem.args[0])
    except Failure as problem:
        if "frozen" in str(problem):
            failures["frozen"] += 1
        else:
            failures["other"] += 1
            if failures["other"] == 1:
                print("first odd failure:", problem)
for account in accounts:
    print(account.owner, account.balance, account.history)
shown = ", ".join(f"{k}: {v}" for k, v in failures.items())
print("failures", f"{{{shown}}}", "largest gap", shortest)
print("balanced", "true" if sum(a.balance for a in accounts) == total else "false")
