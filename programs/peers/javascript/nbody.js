// The sun and the four giant planets, moved forward in small time steps.
"use strict";
const n = Number(process.argv[2] ?? 100);

const PI = 3.141592653589793;
const SOLAR_MASS = 4.0 * PI * PI;
const YEAR = 365.24;

class Body {
  constructor(x, y, z, vx, vy, vz, mass) {
    this.x = x;
    this.y = y;
    this.z = z;
    this.vx = vx;
    this.vy = vy;
    this.vz = vz;
    this.mass = mass;
  }
}

function planet(x, y, z, vx, vy, vz, mass) {
  return new Body(x, y, z, vx * YEAR, vy * YEAR, vz * YEAR, mass * SOLAR_MASS);
}

function solarSystem() {
  const bodies = [
    new Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, SOLAR_MASS),
    planet(4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
           1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
    planet(8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
           -2.76742510726411899e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
    planet(1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
           2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
    planet(1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
           2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
  ];
  let px = 0.0;
  let py = 0.0;
  let pz = 0.0;
  for (const b of bodies) {
    px += b.vx * b.mass;
    py += b.vy * b.mass;
    pz += b.vz * b.mass;
  }
  const sun = bodies[0];
  sun.vx = -px / SOLAR_MASS;
  sun.vy = -py / SOLAR_MASS;
  sun.vz = -pz / SOLAR_MASS;
  return bodies;
}

function advance(bodies, dt) {
  const count = bodies.length;
  for (let i = 0; i < count; i++) {
    const a = bodies[i];
    for (let j = i + 1; j < count; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const d2 = dx * dx + dy * dy + dz * dz;
      const mag = dt / (d2 * Math.sqrt(d2));
      const bm = b.mass * mag;
      const am = a.mass * mag;
      a.vx = a.vx - dx * bm;
      a.vy = a.vy - dy * bm;
      a.vz = a.vz - dz * bm;
      b.vx = b.vx + dx * am;
      b.vy = b.vy + dy * am;
      b.vz = b.vz + dz * am;
    }
    a.x = a.x + dt * a.vx;
    a.y = a.y + dt * a.vy;
    a.z = a.z + dt * a.vz;
  }
}

function energy(bodies) {
  let e = 0.0;
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i];
    e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      e = e - (a.mass * b.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

function simulate(steps) {
  const bodies = solarSystem();
  console.log(`energy before ${Math.trunc(energy(bodies) * 1000000000.0)}`);
  for (let step = 0; step < steps; step++) {
    advance(bodies, 0.01);
  }
  console.log(`energy after ${Math.trunc(energy(bodies) * 1000000000.0)}`);
  console.log(`sun moved ${Math.trunc(bodies[0].x * 1000000000.0)}`);
}

function main() {
  simulate(n);
}

main();
module.exports = main;
