//! Digests. What is hashed is the UTF-8 of a value's printed form; digests are given in lower-case hexadecimal.

use sha2::{Digest, Sha256, Sha512};
use sha3::{Keccak256, Sha3_256, Sha3_512};

use super::convert::hex;
use super::{Builtin, builtin};
use crate::arguments::string;
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::Str;
use crate::value::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin(
        "hash",
        (1, 2),
        hash,
        "hash(x[, algorithm]): the digest of x's printed form by SHA256 (the default), SHA512, SHA3-256, SHA3-512, KECCAK256 or BLAKE3",
    ),
    builtin("sha256", (1, 1), sha256, "sha256(x): hash(x, \"SHA256\")"),
    builtin("sha512", (1, 1), sha512, "sha512(x): hash(x, \"SHA512\")"),
    builtin("sha3_256", (1, 1), sha3_256, "sha3_256(x): hash(x, \"SHA3-256\")"),
    builtin("keccak256", (1, 1), keccak256, "keccak256(x): hash(x, \"KECCAK256\")"),
    builtin("blake3", (1, 1), blake3_digest, "blake3(x): hash(x, \"BLAKE3\")"),
];

/// Digest of bytes, in hexadecimal.
type Algorithm = fn(&[u8]) -> String;

const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("SHA256", |bytes| hex(&Sha256::digest(bytes))),
    ("SHA512", |bytes| hex(&Sha512::digest(bytes))),
    ("SHA3-256", |bytes| hex(&Sha3_256::digest(bytes))),
    ("SHA3-512", |bytes| hex(&Sha3_512::digest(bytes))),
    ("KECCAK256", |bytes| hex(&Keccak256::digest(bytes))),
    ("BLAKE3", |bytes| hex(blake3::hash(bytes).as_bytes())),
];

fn digest(runtime: &mut Runtime, value: Value, algorithm: &str) -> Result<Value, Fault> {
    let Some((_, code)) = ALGORITHMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(algorithm)) else {
        let supported: Vec<&str> = ALGORITHMS.iter().map(|&(name, _)| name).collect();
        return Err(Error::value_error(format!(
            "Hash error: Unsupported hash algorithm: {algorithm}. Supported: {}",
            supported.join(", ")
        )));
    };
    let digest = match value.as_string() {
        Some(text) => code(text.as_bytes()),
        None => code(runtime.format_within_limit(value)?.as_bytes()),
    };
    runtime.new_string(&digest)
}

fn hash(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let algorithm = match arguments.get(1) {
        Some(&name) => string("hash", name).map(Str::as_str)?,
        None => "SHA256",
    };
    digest(runtime, arguments[0], algorithm)
}

fn sha256(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    digest(runtime, arguments[0], "SHA256")
}

fn sha512(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    digest(runtime, arguments[0], "SHA512")
}

fn sha3_256(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    digest(runtime, arguments[0], "SHA3-256")
}

fn keccak256(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    digest(runtime, arguments[0], "KECCAK256")
}

fn blake3_digest(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    digest(runtime, arguments[0], "BLAKE3")
}
