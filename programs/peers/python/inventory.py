"""A warehouse: stock kept in maps of maps, orders filled or put back."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 50

PRODUCTS = ["bolt", "nut", "washer", "gear", "spring", "plate", "valve"]
stock = {}
backlog = {}
stats = {"shipped": 0, "partial": 0, "waiting": 0, "restocked": 0}


def restock(name, quantity, price):
    if name not in stock:
        stock[name] = {"quantity": 0, "price": price, "moves": {"in": 0, "out": 0}}
    shelf = stock[name]
    shelf["quantity"] += quantity
    shelf["moves"]["in"] += quantity
    stats["restocked"] += 1
    owed = backlog.get(name, 0)
    if owed > 0:
        sent = min(owed, shelf["quantity"])
        ship(name, sent)
        if sent == owed:
            del backlog[name]
        else:
            backlog[name] = owed - sent


def ship(name, quantity):
    stock[name]["quantity"] -= quantity
    stock[name]["moves"]["out"] += quantity
    stats["shipped"] += quantity
    return quantity * stock[name]["price"]


def fill(name, quantity):
    on_hand = stock[name]["quantity"]
    if on_hand >= quantity:
        return ship(name, quantity)
    backlog[name] = backlog.get(name, 0) + quantity - on_hand
    if on_hand > 0:
        stats["partial"] += 1
        return ship(name, on_hand)
    stats["waiting"] += 1
    return 0


def show(m):
    return "{" + ", ".join(f"{k}: {v}" for k, v in m.items()) + "}"


for i, product in enumerate(PRODUCTS):
    restock(product, 20 + i * 5, 3 + i * i)
income = 0
seed = 123
for turn in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    name = PRODUCTS[seed // 65536 % 7]
    income += fill(name, 1 + seed // 1048576 % 9)
    if turn % 5 == 4:
        restock(PRODUCTS[turn // 5 % 7], 24, 0)
print("income", income, "stats", show(stats))
for label, shelf in stock.items():
    moves = shelf["moves"]
    right = shelf["quantity"] == moves["in"] - moves["out"]
    print(label, shelf["quantity"], show(moves), "true" if right else "false")
print("backlog", len(backlog), sum(backlog.values()), "screws", "true" if "screw" in stock else "false", stock.get("screw") or "null")
