"""A crossing with traffic lights, a button for walkers and a fault now and then."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 150

RED, GREEN, AMBER, FLASHING = range(4)
NAMES = ["red", "green", "amber", "flashing"]


def hold_time(light, waiting):
    if light == GREEN:
        return 4 if waiting else 8
    return {RED: 5, AMBER: 2}.get(light, 6)


def next_light(light):
    return {RED: GREEN, GREEN: AMBER}.get(light, RED)


def read_event(draw):
    return {0: "button", 7: "button", 11: "fault", 19: "repair"}.get(draw % 23, "tick")


light = RED
left = hold_time(light, False)
waiting = False
crossed = 0
faults = 0
time_in = [0, 0, 0, 0]
changes = {}
history = ""
seed = 64
for second in range(n):
    seed = (seed * 1103515245 + 12345) % 2147483648
    before = light
    event = read_event(seed // 65536)
    if event == "button":
        if light == RED:
            crossed += 1
        elif light != FLASHING:
            waiting = True
    elif event == "fault":
        if light != FLASHING:
            faults += 1
            light = FLASHING
            left = hold_time(light, waiting)
    elif event == "repair":
        if light == FLASHING:
            left = 0
    else:
        left -= 1
    if left <= 0:
        light = next_light(light)
        left = hold_time(light, waiting)
        if light == RED and waiting:
            crossed += 1
            waiting = False
    time_in[light] += 1
    if light != before:
        name = NAMES[before] + ">" + NAMES[light]
        changes[name] = changes.get(name, 0) + 1
        if len(history) < 16:
            history += NAMES[light][0]
print("crossed", crossed, "faults", faults, "waiting", "true" if waiting else "false")
for i, name in enumerate(NAMES):
    print(name, time_in[i])
shown = ", ".join(f"{k}: {v}" for k, v in changes.items())
print("changes", f"{{{shown}}}")
print("history", history)
