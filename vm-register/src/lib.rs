//! The register machine.
