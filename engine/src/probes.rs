//! Probes, a file each and a line each in [`probes`]. See [`crate::profile`].

mod allocations;
mod branches;
mod calls;
mod lines;
mod ngrams;
mod opcodes;
mod types;

use crate::profile::ProbeKind;

/// Every probe.
pub fn probes() -> &'static [ProbeKind] {
    &[opcodes::PROBE, ngrams::PROBE, branches::PROBE, calls::PROBE, types::PROBE, allocations::PROBE, lines::PROBE]
}

/// The probe of this name.
pub fn find_probe(name: &str) -> Option<&'static ProbeKind> {
    probes().iter().find(|probe| probe.name == name)
}
