"""Reads JSON text into lists and maps and writes it back."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1

SOURCE = ('{"name": "lattice", "version": [1, 4, 12], "open": true, "parent": null, "limits": '
          '{"depth": 10000, "rate": 0.75, "low": -3, "tags": ["fast", "small", ""]}, "empty": [{}, []]}')


class Problem(Exception):
    pass


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def char(self):
        return self.text[self.at] if self.at < len(self.text) else None

    def fail(self, what):
        raise Problem(f"expected {what} at {self.at}")

    def blank(self):
        while self.char() == " ":
            self.at += 1

    def take(self, word, value):
        if self.text[self.at:self.at + len(word)] != word:
            self.fail(word)
        self.at += len(word)
        return value

    def read_string(self):
        self.at += 1
        start = self.at
        while self.char() != '"':
            if self.at >= len(self.text):
                self.fail("closing quote")
            self.at += 1
        self.at += 1
        return self.text[start:self.at - 1]

    def read_number(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "+-.0123456789":
            self.at += 1
        digits = self.text[start:self.at]
        if digits == "":
            self.fail("a value")
        return float(digits) if "." in digits else int(digits)

    def read_list(self):
        items = []
        self.at += 1
        self.blank()
        while self.char() != "]":
            items.append(self.read_value())
            self.blank()
            if self.char() == ",":
                self.at += 1
            elif self.char() != "]":
                self.fail("]")
        self.at += 1
        return items

    def read_map(self):
        fields = {}
        self.at += 1
        self.blank()
        while self.char() != "}":
            self.blank()
            if self.char() != '"':
                self.fail("a key")
            key = self.read_string()
            self.blank()
            self.take(":", None)
            fields[key] = self.read_value()
            self.blank()
            if self.char() == ",":
                self.at += 1
            elif self.char() != "}":
                self.fail("}")
        self.at += 1
        return fields

    def read_value(self):
        self.blank()
        c = self.char()
        if c == "{":
            return self.read_map()
        if c == "[":
            return self.read_list()
        if c == '"':
            return self.read_string()
        if c == "t":
            return self.take("true", True)
        if c == "f":
            return self.take("false", False)
        if c == "n":
            return self.take("null", None)
        return self.read_number()


def parse(text):
    return Reader(text).read_value()


def scalar(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def write(value):
    if isinstance(value, str):
        return '"' + value + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(write(k) + ": " + write(v) for k, v in value.items()) + "}"
    return scalar(value)


def show(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"
    return scalar(value)


for turn in range(n):
    value = parse(SOURCE)
    value["version"][1] += turn
    value["limits"]["rate"] += turn * 0.5
print(show(value))
written = write(value)
print("written", len(written), "same", scalar(parse(written) == value), "as source", scalar(written == SOURCE))
for bad in ['{"a" 1}', "[1, 2", '{"a": tru}', "[1, ?]"]:
    try:
        print(show(parse(bad)))
    except Problem as problem:
        print(bad, "->", problem)
