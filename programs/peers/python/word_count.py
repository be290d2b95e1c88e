"""Counts the words of a text and lists the most frequent ones."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2

TEXT = """It is not enough that a machine is fast; a machine must be right.
A fast machine that is wrong is only a quick way to be wrong,
and a right machine that is slow is at least a way to be right.
Measure first. Measure again. Then, and only then, make it fast!"""


def clean(text):
    plain = text.lower()
    for mark in [".", ",", ";", "!"]:
        plain = plain.replace(mark, "")
    return plain


def count_words(text, counts):
    for line in text.split("\n"):
        for word in line.strip().split(" "):
            if word != "":
                counts[word] = counts.get(word, 0) + 1


counts = {}
for _ in range(n):
    count_words(clean(TEXT), counts)

ranked = sorted(counts.items(), key=lambda item: item[0])
ranked.sort(key=lambda item: -item[1])
print("distinct", len(counts), "total", sum(counts.values()))
for word, count in ranked[:5]:
    print(word[0].upper() + word[1:], count)
longest = max(counts, key=len)
print("longest", longest, "starting with m:", " ".join(w for w in counts if w.startswith("m")))
