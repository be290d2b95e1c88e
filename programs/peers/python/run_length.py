"""Run-length encoding of text, and the look-and-say numbers."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12


def encode(text):
    out = ""
    i = 0
    while i < len(text):
        c = text[i]
        start = i
        while i < len(text) and text[i] == c:
            i += 1
        run = i - start
        out += c if run == 1 else str(run) + c
    return out


def decode(text):
    out = []
    count = 0
    for c in text:
        if "0" <= c <= "9":
            count = count * 10 + int(c)
        else:
            out.append(c * max(count, 1))
            count = 0
    return "".join(out)


def look_and_say(digits):
    parts = []
    i = 0
    while i < len(digits):
        run = 1
        while i + run < len(digits) and digits[i + run] == digits[i]:
            run += 1
        parts.append(str(run) + digits[i])
        i += run
    return "".join(parts)


def show(flag):
    return "true" if flag else "false"


seed = 12
raw = []
for _ in range(n * 4):
    seed = (seed * 1103515245 + 12345) % 2147483648
    raw.append("abcd"[seed // 65536 % 4] * (1 + seed // 1048576 % 15))
text = "".join(raw)
packed = encode(text)
print("text", len(text), "packed", len(packed), "same", show(decode(packed) == text))
print("begins", packed[0:20])
digits = "1"
lengths = []
for term in range(n):
    if term < 9:
        lengths.append(len(digits))
    digits = look_and_say(digits)
print("lengths", lengths, "then", len(digits))
print("ends", digits[-12:], "no fours", show("4" not in digits))
