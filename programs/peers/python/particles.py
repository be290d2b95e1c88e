"""Particles fall and bounce off the floor and walls of a box."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 20

WIDTH = 10.0
GRAVITY = -9.81
BOUNCE = 0.9
DT = 0.01


class Particle:
    def __init__(self, x, y, vx):
        self.x = x
        self.y = y
        self.vx = vx
        self.vy = 0.0
        self.bounces = 0


def make_particles(count):
    particles = []
    seed = 3
    for i in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        fraction = seed / 2147483648.0
        particles.append(Particle(WIDTH * fraction, 1.0 + i * 0.5, (fraction - 0.5) * 4))
    return particles


def step(particles):
    for p in particles:
        p.vy += GRAVITY * DT
        p.x += p.vx * DT
        p.y += p.vy * DT
        if p.y < 0:
            p.y = -p.y * BOUNCE
            p.vy = -p.vy * BOUNCE
            p.bounces += 1
        if p.x < 0:
            p.x = -p.x
            p.vx = -p.vx
            p.bounces += 1
        elif p.x > WIDTH:
            p.x = 2 * WIDTH - p.x
            p.vx = -p.vx
            p.bounces += 1


def energy(particles):
    total = 0.0
    for p in particles:
        total += (p.vx * p.vx + p.vy * p.vy) / 2 - GRAVITY * p.y
    return total


particles = make_particles(10)
print("energy at first", energy(particles))
for _ in range(n):
    step(particles)
print("energy at last", energy(particles))
bounces = 0
highest = particles[0]
for p in particles:
    bounces += p.bounces
    if p.y > highest.y:
        highest = p
print("bounces", bounces)
print("highest", highest.x, highest.y)
total = 0.0
for p in particles:
    total = total + p.x
print("mean x", total / len(particles))
