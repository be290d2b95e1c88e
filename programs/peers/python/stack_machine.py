"""A small virtual machine: an assembler and an interpreter."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 10

PUSH, LOAD, STORE, ADD, SUB, MUL, LESS, JUMP, BRANCH, CALL, RET, OUT, HALT = range(13)
CODES = {"push": PUSH, "load": LOAD, "store": STORE, "add": ADD, "sub": SUB, "mul": MUL, "less": LESS,
         "jump": JUMP, "branch": BRANCH, "call": CALL, "ret": RET, "out": OUT, "halt": HALT}

SOURCE = """
    push 0
    store total
    push 1
    store i
loop:
    load i
    load limit
    less
    branch body
    load total
    out
    halt
body:
    load total
    load i
    call cube
    add
    store total
    load i
    push 1
    add
    store i
    jump loop
cube:
    store x
    load x
    load x
    mul
    load x
    mul
    ret
"""


def assemble(source):
    labels = {}
    slots = {}
    lines = []
    for raw in source.split("\n"):
        line = raw.strip()
        if line == "":
            continue
        if line.endswith(":"):
            labels[line[:-1]] = len(lines)
        else:
            lines.append(line.split(" "))
    program = []
    for parts in lines:
        word = parts[0]
        operand = parts[1] if len(parts) > 1 else None
        if word not in CODES:
            raise ValueError("unknown operation " + word)
        code = CODES[word]
        argument = 0
        if code == PUSH:
            argument = int(operand)
        elif code in (LOAD, STORE):
            argument = slots.setdefault(operand, len(slots))
        elif operand is not None:
            argument = labels.get(operand, -1)
        program.append((code, argument))
    return program, slots


def run(program, memory, most):
    stack = []
    calls = []
    output = []
    pc = 0
    steps = 0
    while steps < most:
        code, argument = program[pc]
        pc += 1
        steps += 1
        if code == PUSH:
            stack.append(argument)
        elif code == LOAD:
            stack.append(memory[argument])
        elif code == STORE:
            memory[argument] = stack.pop()
        elif code == JUMP:
            pc = argument
        elif code == BRANCH:
            if stack.pop():
                pc = argument
        elif code == CALL:
            calls.append(pc)
            pc = argument
        elif code == RET:
            pc = calls.pop()
        elif code == OUT:
            output.append(stack.pop())
        elif code == HALT:
            return output, steps, len(stack)
        else:
            b = stack.pop()
            a = stack.pop()
            if code == ADD:
                stack.append((a + b) % 1000000007)
            elif code == SUB:
                stack.append(a - b)
            elif code == MUL:
                stack.append(a * b % 1000000007)
            else:
                stack.append(a < b)
    raise ValueError(f"no end after {most} steps")


program, slots = assemble(SOURCE)
memory = [0] * len(slots)
memory[slots["limit"]] = n
output, steps, left = run(program, memory, 10000000)
print("output", output, "steps", steps, "left", left)
print("memory", memory, "slots", "{" + ", ".join(f"{k}: {v}" for k, v in slots.items()) + "}")
for job in (lambda: run([(JUMP, 0)], [], 100), lambda: assemble("push 1\nfly away")):
    try:
        job()
    except ValueError as problem:
        print(problem)
