"""A calculator: tokens and recursive descent."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2


class Problem(Exception):
    pass


class Cursor:
    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next(self):
        token = self.peek()
        self.at += 1
        return token


def tokenize(text):
    tokens = []
    i = 0
    while i < len(text):
        c = text[i]
        if c in "0123456789":
            number = 0
            while i < len(text) and text[i] in "0123456789":
                number = number * 10 + int(text[i])
                i += 1
            tokens.append(number)
        elif c in "+-*/%()^":
            tokens.append(c)
            i += 1
        elif c == " ":
            i += 1
        else:
            raise Problem("unexpected character " + c)
    return tokens


def checked(value):
    if not -2**63 <= value < 2**63:
        raise Problem("too large")
    return value


def expression(cursor):
    value = term(cursor)
    while cursor.peek() in ("+", "-"):
        if cursor.next() == "+":
            value = checked(value + term(cursor))
        else:
            value = checked(value - term(cursor))
    return value


def term(cursor):
    value = power(cursor)
    while True:
        op = cursor.peek()
        if op == "*":
            cursor.next()
            value = checked(value * power(cursor))
        elif op == "/":
            cursor.next()
            right = power(cursor)
            if right == 0:
                raise Problem("Division by zero")
            value //= right
        elif op == "%":
            cursor.next()
            right = power(cursor)
            if right == 0:
                raise Problem("Modulo by zero")
            value %= right
        else:
            return value


def power(cursor):
    base = factor(cursor)
    if cursor.peek() == "^":
        cursor.next()
        return checked(base ** power(cursor))
    return base


def factor(cursor):
    token = cursor.next()
    if token == "-":
        return -factor(cursor)
    if token == "(":
        value = expression(cursor)
        if cursor.next() != ")":
            raise Problem("missing )")
        return value
    if token is None:
        raise Problem("unexpected end")
    if not isinstance(token, int):
        raise Problem(f"unexpected {token}")
    return token


def evaluate(text):
    cursor = Cursor(tokenize(text))
    value = expression(cursor)
    if cursor.peek() is not None:
        raise Problem(f"unexpected {cursor.peek()}")
    return value


sources = ["1 + 2 * 3", "(1 + 2) * 3", "2 ^ 3 ^ 2 - 500", "-7 / 2 + -7 % 3", "((((12))))*(3+4*(5-6))", "100 / 7 / 2"]
faulty = ["2 * (3 + 4", "7 / (4 - 4)", "5 5", "3 $ 4", "1 +", "9 ^ 20 ^ 1"]
total = 0
for turn in range(n):
    for source in sources:
        total = (total * 7 + evaluate(source) + turn) % 1000003
for source in sources:
    print(source, "=", evaluate(source))
for source in faulty:
    try:
        print(source, "=", evaluate(source))
    except Problem as problem:
        print(source, "->", problem)
print("checksum", total)
