//! The machine and the build, as every result file records them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The machine and the build.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Environment {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Operating system and its version.
    pub os: String,
    /// Name of the kernel.
    pub kernel: String,
    /// Runnable processes, averaged over 1, 5 and 15 minutes, when the measuring began.
    pub load_average: Option<[f64; 3]>,
    /// The compiler that built this command.
    pub rustc: String,
    /// What it was built for.
    pub target: String,
    /// How it was built: `release`, with the optimisation level.
    pub profile: String,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// BLAKE3 of the binary: what was measured, to the bit.
    pub binary_hash: Option<String>,
    /// Version of this command.
    pub version: String,
    /// The clock that times runs.
    pub clock: String,
    /// When, in UTC.
    pub date: String,
}

impl Environment {
    /// The environment now.
    pub fn now() -> Self {
        let known = |text: &'static str| (!text.is_empty()).then(|| text.to_string());
        Self {
            cpu: cpu_model(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: memory_bytes(),
            os: os_name(),
            kernel: read("/proc/sys/kernel/osrelease").map_or("unknown".to_string(), |text| text.trim().to_string()),
            load_average: load_average(),
            rustc: env!("HARNESS_RUSTC").to_string(),
            target: env!("HARNESS_TARGET").to_string(),
            profile: format!("{}, opt-level {}", env!("HARNESS_PROFILE"), env!("HARNESS_OPT_LEVEL")),
            commit: known(env!("HARNESS_COMMIT")),
            binary_hash: binary_hash(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            clock: engine::clock::name().to_string(),
            date: utc(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())),
        }
    }

    /// Name and value of each entry, for people.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let unknown = || "unknown".to_string();
        vec![
            ("cpu", self.cpu.clone()),
            ("cores", self.cores.to_string()),
            ("memory", self.memory_bytes.map_or_else(unknown, |bytes| format!("{} MiB", bytes >> 20))),
            ("os", self.os.clone()),
            ("kernel", self.kernel.clone()),
            ("load average", self.load_average.map_or_else(unknown, |[a, b, c]| format!("{a} {b} {c}"))),
            ("rustc", self.rustc.clone()),
            ("target", self.target.clone()),
            ("profile", self.profile.clone()),
            ("commit", self.commit.clone().unwrap_or_else(unknown)),
            ("binary hash", self.binary_hash.clone().unwrap_or_else(unknown)),
            ("version", self.version.clone()),
            ("clock", self.clock.clone()),
            ("date", self.date.clone()),
        ]
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The value of the first line `key : value`.
fn field(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split([':', '=']).next().is_some_and(|name| name.trim() == key))?;
    let (_, value) = line.split_once([':', '='])?;
    Some(value.trim().trim_matches('"').to_string())
}

fn cpu_model() -> String {
    read("/proc/cpuinfo")
        .and_then(|text| field(&text, "model name"))
        .unwrap_or_else(|| std::env::consts::ARCH.to_string())
}

fn memory_bytes() -> Option<u64> {
    let total = field(&read("/proc/meminfo")?, "MemTotal")?;
    Some(total.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn os_name() -> String {
    read("/etc/os-release")
        .and_then(|text| field(&text, "PRETTY_NAME"))
        .unwrap_or_else(|| std::env::consts::OS.to_string())
}

fn load_average() -> Option<[f64; 3]> {
    let text = read("/proc/loadavg")?;
    let mut numbers = text.split_whitespace().map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

fn binary_hash() -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut std::fs::File::open(std::env::current_exe().ok()?).ok()?, &mut hasher).ok()?;
    Some(hasher.finalize().to_hex()[..32].to_string())
}

/// A time in seconds since 1970 as `2025-01-31T12:00:00Z`.
fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days are counted in eras of 400 years that begin on 1 March, so that leap days come last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::{Environment, field, utc};

    #[test]
    fn dates() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_735_689_600), "2025-01-01T00:00:00Z");
    }

    #[test]
    fn fields_of_system_files() {
        assert_eq!(field("processor\t: 0\nmodel name\t: A CPU\n", "model name").as_deref(), Some("A CPU"));
        assert_eq!(field("NAME=x\nPRETTY_NAME=\"An OS 1\"\n", "PRETTY_NAME").as_deref(), Some("An OS 1"));
        assert_eq!(field("", "x"), None);
    }

    #[test]
    fn the_build_is_known() {
        let environment = Environment::now();
        assert!(environment.rustc.starts_with("rustc "));
        assert!(!environment.target.is_empty());
        assert!(environment.binary_hash.is_some());
        assert!(environment.entries().iter().all(|(_, value)| !value.is_empty()));
    }
}
