"""Builds words letter by letter, joins them, then counts the characters."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 100

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def build_text(count):
    words = []
    seed = 42
    for i in range(count):
        word = ""
        for _ in range(3 + i % 6):
            seed = (seed * 3877 + 29573) % 139968
            word = word + LETTERS[seed * 26 // 139968]
        words.append(word)
    return " ".join(words)


def count_characters(text):
    counts = {}
    for i in range(len(text)):
        c = text[i]
        counts[c] = counts.get(c, 0) + 1
    return counts


def main():
    text = build_text(n)
    counts = count_characters(text)
    checksum = 0
    for i in range(26):
        checksum = checksum + (i + 1) * counts.get(LETTERS[i], 0)
    print("characters", len(text))
    print("spaces", counts[" "])
    print("checksum", checksum)
    print("starts", text[0:24])


main()
