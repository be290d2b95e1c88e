"""Payments between twenty accounts: a payment is looked at before anything is moved, so nothing has to be undone."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
balances = [100] * 20
failed = 0
for i in range(n):
    source, target, amount = i * 7 % 20, (i * 11 + 3) % 20, i % 97 + 1
    if source == target or balances[source] >= amount:
        balances[source] -= amount
        balances[target] += amount
    else:
        failed += 1
check = 0
for balance in balances:
    check = (check * 31 + balance) % 1000003
print(n, "payments", failed, "failed, supply", 2000, "sum", sum(balances), "check", check)
