"""Makes n strings of eight characters in one list, all different, and adds up their lengths."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000


def build(count):
    words = []
    for i in range(count):
        words.append("w" + str(1000000 + i))
    return words


def letters(words):
    total = 0
    for word in words:
        total = total + len(word)
    return total


words = build(n)
print("words", len(words), letters(words), words[-1] if words else "none")
