//! Signatures: Ed25519 (RFC 8032), strictly verified, and ECDSA over secp256k1 with SHA-256 (SEC 1), whose `s` must be low.
//!
//! Both restrictions make signatures unique as far as others can change them: nobody without the private key can make another valid signature out
//! of one. *Strict* means that `s` is below the group's order, that point encodings are canonical, and that neither `R` nor the public key has
//! small order. *Low* means that `s` is at most half the group's order, as in Bitcoin (BIP 146) and Ethereum (EIP-2).

use ed25519_dalek::VerifyingKey;
use k256::ecdsa::signature::Verifier;
use runtime::host::SignatureCheck;

const fn invalid(reason: &'static str) -> SignatureCheck {
    SignatureCheck::Invalid { reason }
}

/// Whether `signature` is a signature of `message` by the owner of `public_key`.
///
/// The key's length tells the scheme: 32 bytes are an Ed25519 key, 33 and 65 bytes a SEC 1 point of secp256k1 (compressed, uncompressed). A signature has 64
/// bytes: `R` and `s` for Ed25519, `r` and `s` (big-endian) for ECDSA. Everything else is invalid, with the reason.
pub fn verify(message: &[u8], signature: &[u8], public_key: &[u8]) -> SignatureCheck {
    let Ok(signature) = <&[u8; 64]>::try_from(signature) else {
        return invalid("the signature does not have 64 bytes");
    };
    match public_key.len() {
        32 => ed25519(message, signature, public_key),
        33 | 65 => secp256k1(message, signature, public_key),
        _ => invalid("the public key has neither 32 bytes (Ed25519) nor 33 or 65 (secp256k1)"),
    }
}

fn ed25519(message: &[u8], signature: &[u8; 64], public_key: &[u8]) -> SignatureCheck {
    let Ok(key) = VerifyingKey::try_from(public_key) else {
        return invalid("the public key is not a point of the curve");
    };
    match key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)) {
        Ok(()) => SignatureCheck::Valid,
        Err(_) if key.is_weak() => invalid("the public key has small order"),
        Err(_) => invalid("it is not this key's signature of this message"),
    }
}

fn secp256k1(message: &[u8], signature: &[u8; 64], public_key: &[u8]) -> SignatureCheck {
    let Ok(key) = k256::ecdsa::VerifyingKey::from_sec1_bytes(public_key) else {
        return invalid("the public key is not a point of the curve");
    };
    let Ok(signature) = k256::ecdsa::Signature::from_slice(signature) else {
        return invalid("a half of the signature is zero or not below the group's order");
    };
    if signature.normalize_s() != signature {
        return invalid("the signature's s is high");
    }
    match key.verify(message, &signature) {
        Ok(()) => SignatureCheck::Valid,
        Err(_) => invalid("it is not this key's signature of this message"),
    }
}
