"""An interpreter for a language of eight one-letter instructions that work on a tape."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1

HELLO = "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+."
ALPHABET = "++++++++[>++++++++<-]>+>++++++++++++++++++++++++++[<.+>-]"


def match_brackets(code):
    jumps = [0] * len(code)
    opened = []
    for i, c in enumerate(code):
        if c == "[":
            opened.append(i)
        elif c == "]":
            start = opened.pop()
            jumps[start] = i
            jumps[i] = start
    return jumps


def run(source):
    code = list(source)
    jumps = match_brackets(code)
    tape = [0] * 64
    cell = 0
    pc = 0
    steps = 0
    output = []
    while pc < len(code):
        op = code[pc]
        if op == ">":
            cell += 1
        elif op == "<":
            cell -= 1
        elif op == "+":
            tape[cell] = (tape[cell] + 1) % 256
        elif op == "-":
            tape[cell] = (tape[cell] - 1) % 256
        elif op == "[":
            if tape[cell] == 0:
                pc = jumps[pc]
        elif op == "]":
            if tape[cell] != 0:
                pc = jumps[pc]
        elif op == ".":
            output.append(tape[cell])
        pc += 1
        steps += 1
    return output, steps


def as_text(codes):
    return "".join(map(chr, codes))


total = 0
checksum = 0
texts = []
for turn in range(n):
    for source in (HELLO, ALPHABET):
        output, steps = run(source)
        total += steps
        if turn == 0:
            texts.append(as_text(output))
        for byte in output:
            checksum = (checksum * 31 + byte) % 1000000007
print(texts[0], texts[1])
print("steps", total, "checksum", checksum)
