"""Palindromic numbers, and the longest palindrome in each of some texts."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300


def reversed_number(k):
    back = 0
    while k > 0:
        back = back * 10 + k % 10
        k //= 10
    return back


def lychrel_steps(k, most):
    steps = 0
    while k != reversed_number(k):
        if steps == most:
            return None
        k += reversed_number(k)
        steps += 1
    return steps


def longest_palindrome(text):
    start = 0
    best = 0
    for center in range(len(text)):
        for width in (0, 1):
            low = center
            high = center + width
            while low >= 0 and high < len(text) and text[low] == text[high]:
                low -= 1
                high += 1
            if high - low - 1 > best:
                best = high - low - 1
                start = low + 1
    return text[start:start + best]


def show(flag):
    return "true" if flag else "false"


found = []
patient = 0
stubborn = 0
for k in range(n):
    if k == reversed_number(k):
        found.append(k)
    steps = lychrel_steps(k, 25)
    if steps is None:
        stubborn += 1
    else:
        patient = max(patient, steps)
print("numbers", len(found), "last", found[-1], "sum", sum(found))
print("longest wait", patient, "gave up on", stubborn)
for text in ["été sans été", "forgeeksskeegfor", "neveroddoreven", "abacdfgdcabba", "x"]:
    palindrome = longest_palindrome(text)
    print(text, len(text), palindrome, show(palindrome == palindrome[::-1]), show(palindrome == text))
