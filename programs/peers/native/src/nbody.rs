//! The sun and the four giant planets, moved forward in small time steps.

use std::fmt::{self, Write};

const PI: f64 = std::f64::consts::PI;
const SOLAR_MASS: f64 = 4.0 * PI * PI;
const YEAR: f64 = 365.24;

struct Body {
    x: f64,
    y: f64,
    z: f64,
    vx: f64,
    vy: f64,
    vz: f64,
    mass: f64,
}

fn planet([x, y, z]: [f64; 3], [vx, vy, vz]: [f64; 3], mass: f64) -> Body {
    Body { x, y, z, vx: vx * YEAR, vy: vy * YEAR, vz: vz * YEAR, mass: mass * SOLAR_MASS }
}

#[expect(clippy::excessive_precision, reason = "the constants as every version of this program has them")]
fn solar_system() -> Vec<Body> {
    let mut bodies = vec![
        Body { x: 0.0, y: 0.0, z: 0.0, vx: 0.0, vy: 0.0, vz: 0.0, mass: SOLAR_MASS },
        planet(
            [4.84143144246472090, -1.16032004402742839, -1.03622044471123109e-01],
            [1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05],
            9.54791938424326609e-04,
        ),
        planet(
            [8.34336671824457987, 4.12479856412430479, -4.03523417114321381e-01],
            [-2.76742510726411899e-03, 4.99852801234917238e-03, 2.30417297573763929e-05],
            2.85885980666130812e-04,
        ),
        planet(
            [12.8943695621391310, -15.1111514016986312, -2.23307578892655734e-01],
            [2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05],
            4.36624404335156298e-05,
        ),
        planet(
            [15.3796971148509165, -25.9193146099879641, 1.79258772950371181e-01],
            [2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05],
            5.15138902046611451e-05,
        ),
    ];
    let (mut px, mut py, mut pz) = (0.0, 0.0, 0.0);
    for b in &bodies {
        px += b.vx * b.mass;
        py += b.vy * b.mass;
        pz += b.vz * b.mass;
    }
    let sun = &mut bodies[0];
    sun.vx = -px / SOLAR_MASS;
    sun.vy = -py / SOLAR_MASS;
    sun.vz = -pz / SOLAR_MASS;
    bodies
}

fn advance(bodies: &mut [Body], dt: f64) {
    for i in 0..bodies.len() {
        let (before, after) = bodies.split_at_mut(i + 1);
        let a = &mut before[i];
        for b in after {
            let dx = a.x - b.x;
            let dy = a.y - b.y;
            let dz = a.z - b.z;
            let d2 = dx * dx + dy * dy + dz * dz;
            let mag = dt / (d2 * d2.sqrt());
            let bm = b.mass * mag;
            let am = a.mass * mag;
            a.vx -= dx * bm;
            a.vy -= dy * bm;
            a.vz -= dz * bm;
            b.vx += dx * am;
            b.vy += dy * am;
            b.vz += dz * am;
        }
        a.x += dt * a.vx;
        a.y += dt * a.vy;
        a.z += dt * a.vz;
    }
}

fn energy(bodies: &[Body]) -> f64 {
    let mut e = 0.0;
    for (i, a) in bodies.iter().enumerate() {
        e += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
        for b in &bodies[i + 1..] {
            let dx = a.x - b.x;
            let dy = a.y - b.y;
            let dz = a.z - b.z;
            e -= a.mass * b.mass / (dx * dx + dy * dy + dz * dz).sqrt();
        }
    }
    e
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let mut bodies = solar_system();
    writeln!(output, "energy before {}", (energy(&bodies) * 1_000_000_000.0) as i64)?;
    for _ in 0..n {
        advance(&mut bodies, 0.01);
    }
    writeln!(output, "energy after {}", (energy(&bodies) * 1_000_000_000.0) as i64)?;
    writeln!(output, "sun moved {}", (bodies[0].x * 1_000_000_000.0) as i64)
}
