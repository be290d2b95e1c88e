"""Orders pass through chains of map, filter, reduce and sort."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 40

CITIES = ["Lagos", "Turin", "Osaka", "Quito"]


def make_orders(count):
    orders = []
    seed = 1001
    for number in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        orders.append({
            "id": number,
            "city": CITIES[seed // 65536 % 4],
            "units": 1 + seed // 262144 % 12,
            "price": 100 + seed // 4096 % 900,
            "paid": seed // 1048576 % 5 != 0,
        })
    return orders


def group_by(items, key_of):
    groups = {}
    for item in items:
        groups.setdefault(key_of(item), []).append(item)
    return groups


def worth(order):
    return order["units"] * order["price"]


def show(flag):
    return "true" if flag else "false"


orders = make_orders(n)
paid = [o for o in orders if o["paid"]]
large = [o for o in paid if worth(o) >= 1500]
print("orders", len(orders), "paid", len(paid), "large", len(large))
ranked = sorted(large, key=lambda o: (worth(o), o["id"]), reverse=True)
print("best", [o["id"] for o in ranked[:4]], "worth", worth(ranked[0]))
print("ids", " ".join([str(o["id"]) for o in ranked[0:3]] + ["-"]))
for city, group in group_by(orders, lambda o: o["city"]).items():
    mean = float(sum(map(worth, group))) / len(group)
    print(city, len(group), sum(o["units"] for o in group), int(mean))
words = ["w" + str(k) for k in range(n) if k % 3 == 0]
print("words", words[0], words[-1], words[1], words[2])
squares = [k * k for k in range(1, 11)]
running = []
total = 0
for k in squares:
    total += k
    running.append(total)
print("running", running)


def index_of(items, item):
    return items.index(item) if item in items else -1


print("any", show(49 in squares), show(50 in squares), index_of(squares, 64), index_of(squares, 65))
print("reversed", squares[::-1][0:3], "/".join(map(str, squares[7:10])), squares)
