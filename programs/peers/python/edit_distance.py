"""Suggests a correction for misspelt words by edit distance."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 6

DICTIONARY = ["register", "machine", "compile", "closure", "garbage", "collect",
              "pointer", "operand", "dispatch", "program", "variable", "function"]


def distance(a, b):
    previous = list(range(len(b) + 1))
    current = [0] * (len(b) + 1)
    for i in range(len(a)):
        current[0] = i + 1
        c = a[i]
        for j in range(len(b)):
            cost = 0 if c == b[j] else 1
            current[j + 1] = min(min(previous[j + 1] + 1, current[j] + 1), previous[j] + cost)
        previous, current = current, previous
    return previous[-1]


def misspell(word, seed):
    at = seed % len(word)
    kind = seed // 16 % 4
    if kind == 0:
        return word[:at] + word[at + 1:]
    if kind == 1:
        return word[:at] + "x" + word[at:]
    if kind == 2:
        return word[:at] + word[at:][::-1]
    return word.replace(word[at], "q")


def suggest(word):
    best = None
    least = 1000
    for candidate in DICTIONARY:
        d = distance(word, candidate)
        if d < least:
            least = d
            best = candidate
    return best, least


seed = 1
right = 0
total = 0
for i in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    meant = DICTIONARY[i % len(DICTIONARY)]
    typed = misspell(meant, seed // 65536)
    word, least = suggest(typed)
    total += least
    if word == meant:
        right += 1
    if i < 5:
        print(f"{typed} -> {word} ({least})")
print("right", right, "of", n, "total distance", total)
