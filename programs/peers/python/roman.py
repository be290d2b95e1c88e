"""Roman numerals written and read."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 60

PAIRS = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
         (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def to_roman(number):
    out = ""
    for value, letters in PAIRS:
        while number >= value:
            out += letters
            number -= value
    return out


def by_letters(text):
    total = 0
    before = 0
    for letter in reversed(text):
        value = VALUES.get(letter)
        if value is None:
            raise ValueError(f"{letter} is no roman digit")
        if value < before:
            total -= value
        else:
            total += value
        before = value
    return total


def by_prefixes(text):
    total = 0
    for value, letters in PAIRS:
        while text.startswith(letters):
            total += value
            text = text[len(letters):]
    return total if text == "" else -1


longest = ""
letters_used = 0
wrong = 0
for k in range(1, n + 1):
    numeral = to_roman(k)
    if by_letters(numeral) != k or by_prefixes(numeral) != k:
        wrong += 1
    if len(numeral) > len(longest):
        longest = numeral
    letters_used += len(numeral)
print("wrong", wrong, "letters", letters_used)
print("longest", longest, by_letters(longest))
for year in [1066, 1776, 1984, 2024]:
    print(year, to_roman(year), to_roman(year).lower())
for text in ["MMXXIV", "IIX", "ABC"]:
    try:
        print(text, by_letters(text), by_prefixes(text))
    except ValueError as problem:
        print(text, problem)
    finally:
        letters_used += 1
print("letters", letters_used)
