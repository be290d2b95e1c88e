"""Blocks validated, with encoding, Merkle trees and Ed25519 written anew from their specifications (RFC 8949, 9162, 8032)."""
import sys
from hashlib import sha256, sha512

n = int(sys.argv[1]) if len(sys.argv) > 1 else 30
HUGE = 2**63 - 1
TARGET = 8192
GENESIS = "Genesis: 5 accounts, 50000 coins"
AUTHORITY = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
SIGNATURE = (
    "379f49e82c327458e67525d56ad9aed48a1589b68b86f9fc426076aadebd8838"
    "d3335fdbad00f87994a4d5d0e7bce34e5101973a59783345c9c6c40664862304"
)


class Failure(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failure(message)


def encoded(value):
    def head(major, argument):
        for size, info in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
            if size == 0 and argument < 24:
                return bytes([major << 5 | argument])
            if size and argument < 256**size:
                return bytes([major << 5 | info]) + argument.to_bytes(size, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encoded, value))
    entries = sorted((encoded(key), encoded(element)) for key, element in value.items())
    return head(5, len(entries)) + b"".join(key + element for key, element in entries)


def hash_block(value):
    return sha256(encoded(value)).hexdigest()


def merkle_root(values):
    def tree(leaves):
        if not leaves:
            return sha256().digest()
        if len(leaves) == 1:
            return sha256(b"\0" + leaves[0]).digest()
        half = 1
        while half * 2 < len(leaves):
            half *= 2
        return sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()

    return tree([encoded(value) for value in values]).hex()


def signed(message, signature, key):
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    order = 2**252 + 27742317777372353535851937790883648493

    def add(one, other):
        (x, y), (u, v) = one, other
        e = d * x * u * y * v
        return (x * v + y * u) * pow(1 + e, -1, p) % p, (y * v + x * u) * pow(1 - e, -1, p) % p

    def times(scalar, point):
        result = (0, 1)
        while scalar:
            if scalar & 1:
                result = add(result, point)
            point = add(point, point)
            scalar >>= 1
        return result

    def point(text):
        y = int.from_bytes(text, "little")
        sign, y = y >> 255, y & (2**255 - 1)
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(square, (p + 3) // 8, p)
        if (x * x - square) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        assert (x * x - square) % p == 0
        return (p - x if x & 1 != sign else x), y

    signature, key = bytes.fromhex(signature), bytes.fromhex(key)
    if len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(sha512(signature[:32] + key + message.encode()).digest(), "little") % order
    base = point((4 * pow(5, -1, p) % p).to_bytes(32, "little"))
    return s < order and times(s, base) == add(point(signature[:32]), times(k, point(key)))


assert signed(GENESIS, SIGNATURE, AUTHORITY)
for forged in (SIGNATURE[:126] + "05", "", SIGNATURE + "00"):
    assert not signed(GENESIS, forged, AUTHORITY)

people = ["ann", "bob", "cid", "dee", "eve"]
tip = hash_block(GENESIS)
# Of each block: height, time, parent, balances and nonces.
blocks = {tip: (0, 0, "", {name: 10000 for name in people}, {name: 0 for name in people})}
height = reorganisations = heads = 0
archive = {}
recent = [tip]


def submit(header, transactions):
    global tip, height, reorganisations, heads
    id = hash_block(header)
    need(id not in blocks, "known already")
    need(header["parent"] in blocks, "unknown parent")
    above, time, _, balances, nonces = blocks[header["parent"]]
    need(header["height"] == above + 1, "wrong height")
    need(0 < header["time"] - time <= 60, "wrong time")
    need(int(id[:4], 16) < TARGET, "too little work")
    need(header["root"] == merkle_root(transactions), "wrong root")
    is_best = header["height"] > height
    heads += is_best  # heard even if the body turns out to be bad
    balances, nonces = dict(balances), dict(nonces)
    for t in transactions:
        payer = t["payer"]
        need(payer in balances, "unknown payer")
        need(t["nonce"] == nonces.get(payer, 0), "wrong nonce")
        need(t["amount"] > 0 and t["fee"] >= 0, "amount below zero")
        need(t["amount"] + t["fee"] <= HUGE, "Integer overflow in addition")
        need(balances[payer] >= t["amount"] + t["fee"], "insufficient balance")
        nonces[payer] = nonces.get(payer, 0) + 1
        balances[payer] -= t["amount"] + t["fee"]
        for name, gain in ((t["payee"], t["amount"]), (header["miner"], t["fee"])):
            balances[name] = balances.get(name, 0) + gain
    if is_best:
        reorganisations += header["parent"] != tip
        tip, height = id, header["height"]
    blocks[id] = (header["height"], header["time"], header["parent"], balances, nonces)
    archive[id] = (header, transactions)
    recent.append(id)
    del recent[:-4]


seed = 29


def pick(limit):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed // 65536 % limit


def payments(parent, count):
    nonces = {name: blocks[parent][4][name] for name in people}
    made = []
    for _ in range(count):
        payer = people[pick(5)]
        payee, amount, fee = people[pick(5)], 1 + pick(300), pick(4)
        made.append({"payer": payer, "payee": payee, "amount": amount, "fee": fee, "nonce": nonces[payer]})
        nonces[payer] += 1
    return made


def header_for(parent, transactions, miner):
    time = blocks[parent][1] + 1 + pick(40)
    return {
        "parent": parent, "height": blocks[parent][0] + 1, "time": time,
        "root": merkle_root(transactions), "miner": miner, "nonce": pick(30000),
    }


def work(header, wanted=True):
    while (int(hash_block(header)[:4], 16) < TARGET) != wanted:
        header["nonce"] += 1
    return header


def forge(kind, parent):
    transactions = payments(parent, 1 + pick(4))
    last = transactions[-1]
    header = header_for(parent, transactions, "mallory")
    if kind == 3:
        header["height"] += 1
    elif kind == 4:
        header["time"] = blocks[parent][1]
    elif kind == 5:
        header["time"] += 100
    elif kind == 6:
        header["parent"] = hash_block(f"nowhere {pick(1000)}")
    elif kind == 8:
        transactions.append(last)
    elif kind == 9:
        last["amount"] = HUGE
    elif kind == 10:
        last["amount"] = -500
    elif kind == 11:
        last.update(payer="nobody", nonce=0)
    elif kind == 12:
        last["amount"] = 50000
    if kind > 7:
        header["root"] = merkle_root(transactions)
    work(header, kind != 7)
    if kind == 0:
        transactions[0]["amount"] += 1
    elif kind == 1:
        transactions.append(last)
    elif kind == 2:
        transactions.pop()
    return header, transactions


def offer(header, transactions):
    outcome = "accepted"
    try:
        submit(header, transactions)
    except Failure as failure:
        outcome = str(failure)
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert sum(blocks[tip][3].values()) == 50000
    return outcome == "accepted"


outcomes = {}
for turn in range(n):
    parent = recent[pick(len(recent))] if pick(4) == 0 else tip
    kind = pick(20)
    if kind < 12:
        transactions = payments(parent, pick(6))
        miner = f"miner{pick(3)}"
        offer(work(header_for(parent, transactions, miner)), transactions)
    elif kind == 12:
        if recent[-1] in archive:
            assert not offer(*archive[recent[-1]])
    else:
        assert not offer(*forge(pick(13), parent))

path = []
at = tip
while at in archive:
    path.append(at)
    at = archive[at][0]["parent"]
assert len(path) == height
balances = {name: 10000 for name in people}
executed = 0
for id in reversed(path):
    header, transactions = archive[id]
    for t in transactions:
        balances[t["payer"]] -= t["amount"] + t["fee"]
        for name, gain in ((t["payee"], t["amount"]), (header["miner"], t["fee"])):
            balances[name] = balances.get(name, 0) + gain
        executed += 1
assert balances == blocks[tip][3]

for outcome in sorted(outcomes):
    print(outcomes[outcome], outcome)
print("height", height, "blocks", len(blocks), "reorganisations", reorganisations, "heads", heads)
print("tip", tip)
print("transactions", executed, "balances", "{" + ", ".join(f"{k}: {v}" for k, v in balances.items()) + "}")
print("root of the path", merkle_root(path), "of nothing", merkle_root([])[:8])
