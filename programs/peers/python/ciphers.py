"""Caesar's and Vigenere's ciphers, and breaking Caesar's by letter frequency."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
MESSAGE = "the quick brown fox jumps over the lazy dog while eleven elephants feed"


def shift(letter, by):
    at = ALPHABET.find(letter)
    if at < 0:
        return letter
    return ALPHABET[(at + by) % 26]


def caesar(text, by):
    out = ""
    for letter in text:
        out += shift(letter, by)
    return out


def vigenere(text, key, direction):
    out = []
    k = 0
    for letter in text:
        if letter == " ":
            out.append(letter)
            continue
        out.append(shift(letter, ALPHABET.find(key[k % len(key)]) * direction))
        k += 1
    return "".join(out)


def break_caesar(text):
    counts = [0] * 26
    for letter in text:
        at = ALPHABET.find(letter)
        if at >= 0:
            counts[at] += 1
    top = 0
    for i in range(26):
        if counts[i] > counts[top]:
            top = i
    return (top - ALPHABET.find("e")) % 26


text = MESSAGE
agreed = 0
for key in range(1, n + 1):
    secret = caesar(MESSAGE, key)
    if caesar(secret, -key) == MESSAGE and break_caesar(secret) == key % 26:
        agreed += 1
    text = vigenere(text, "lemon" + ALPHABET[key % 26], 1)
print("caesar", caesar(MESSAGE, 3)[:19])
print("keys found", agreed, "of", n)
print("vigenere", text[0:30])
for key in range(n, 0, -1):
    text = vigenere(text, "lemon" + ALPHABET[key % 26], -1)
print("restored", "true" if text == MESSAGE else "false")
