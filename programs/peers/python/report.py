"""Reads lines of comma-separated text and lays out a table with totals."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2

LINES = [
    "2024-01,north,120,80,95", "2024-01,south,200,10,35", "2024-02,north,90,75,110",
    "2024-02,south,260,0,15", "2024-03,north,140,85", "2024-03,south,,30,45", "# closed for repairs",
    "  2024-04,north,155,90,130  ",
]


def pad_left(text, width):
    return str(text).rjust(width)


def pad_right(text, width):
    return str(text).ljust(width)[:width]


def money(cents):
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def parse(line):
    text = line.strip()
    if text == "" or text.startswith("#"):
        return None
    month, region, *amounts = text.split(",")
    numbers = [0 if a == "" else int(a) for a in amounts]
    while len(numbers) < 3:
        numbers.append(0)
    return [month, region, numbers]


totals = {"north": 0, "south": 0}
skipped = 0
for _ in range(n):
    rows = []
    for line in LINES:
        row = parse(line)
        if row is None:
            skipped += 1
            continue
        month, region, (rent, goods, staff) = row
        row.append(rent * 100 + goods * 45 - staff * 33)
        totals[region] += row[3]
        rows.append(row)
print(pad_right("month", 9) + pad_right("region", 8) + pad_left("total", 10))
for month, region, _, total in rows:
    print(pad_right(month, 9) + pad_right(region, 8) + pad_left(money(total), 10))
print("-" * 27)
for region, total in totals.items():
    print(pad_right(region.upper(), 6) + pad_left(money(total), 12) + " " + "#" * min(total // n // 4000, 20))
months = "|".join(row[0][-2:] for row in rows)
print(f"months {months}, years {rows[0][0][:4]}-{rows[-1][0][:4]}, skipped {skipped}, loss {money(-1205)}")
print("ends with repairs:", "true" if LINES[-2].endswith("repairs") else "false", "at", LINES[-2].find("for"), "$" + money(7))
