"""Builds words letter by letter, joins them, then counts the characters."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 100

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def build_text(count):
    words = []
    seed = 42
    i = 0
    while i < count:
        word = ""
        left = 3 + i % 6
        while left > 0:
            seed = (seed * 3877 + 29573) % 139968
            word = word + LETTERS[seed * 26 // 139968]
            left = left - 1
        words.append(word)
        i = i + 1
    return " ".join(words)


def count_characters(text):
    counts = {}
    size = len(text)
    i = 0
    while i < size:
        c = text[i]
        counts[c] = counts.get(c, 0) + 1
        i = i + 1
    return counts


text = build_text(n)
counts = count_characters(text)
checksum = 0
for i in range(26):
    checksum = checksum + (i + 1) * counts.get(LETTERS[i], 0)
print("characters", len(text))
print("spaces", counts[" "])
print("checksum", checksum)
print("starts", text[0:24])
