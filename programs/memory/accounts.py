"""Makes n accounts of four fields, one of which is a closure over the account, and pays into each by calling it."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


class Account:
    __slots__ = ("id", "balance", "payments", "pay")

    def __init__(self, id, balance, payments, pay):
        self.id = id
        self.balance = balance
        self.payments = payments
        self.pay = pay


def open_account(id):
    account = Account(id, 100, 0, None)

    def pay(amount):
        account.balance = account.balance + amount
        account.payments = account.payments + 1
        return account.balance

    account.pay = pay
    return account


def build(count):
    accounts = []
    for i in range(count):
        accounts.append(open_account(i))
    return accounts


def total(accounts):
    result = 0
    for account in accounts:
        pay = account.pay
        result = (result * 3 + pay(account.id) + account.payments) % 1000003
    return result


accounts = build(n)
print("accounts", len(accounts), total(accounts))
