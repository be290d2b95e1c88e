//! Digests against published vectors.

use hex_literal::hex;
use ledger::digest::{digest, hex as text, sha256};
use runtime::host::{Algorithm, Digest};

/// Messages and digests of FIPS 180-4's examples and of NIST's SHA256ShortMsg.rsp.
const SHA256: [(&[u8], Digest); 13] = [
    (b"", hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
    (b"abc", hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        hex!("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ),
    (&hex!("d3"), hex!("28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1")),
    (&hex!("11af"), hex!("5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98")),
    (&hex!("b4190e"), hex!("dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2")),
    (&hex!("74ba2521"), hex!("b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e")),
    (&hex!("c299209682"), hex!("f0887fe961c9cd3beab957e8222494abb969b1ce4c6557976df8b0f6d20e9166")),
    (&hex!("e1dc724d5621"), hex!("eca0a060b489636225b4fa64d267dabbe44273067ac679f20820bddc6b6a90ac")),
    (&hex!("06e076f5a442d5"), hex!("3fd877e27450e6bbd5d74bb82f9870c64c66e109418baa8e6bbcff355e287926")),
    (&hex!("5738c929c4f4ccb6"), hex!("963bb88f27f512777aab6c8b1a02c70ec0ad651d428f870036e1917120fb48bf")),
    (&hex!("3334c58075d3f4139e"), hex!("078da3d77ed43bd3037a433fd0341855023793f9afd08b4b08ea1e5597ceef20")),
    (&hex!("74cb9381d89f5aa73368"), hex!("73d6fad1caaa75b43b21733561fd3958bdc555194a037c2addec19dc2d7a52bd")),
];

#[test]
fn sha_256_gives_what_nist_published() {
    for (message, expected) in SHA256 {
        assert_eq!(text(&sha256(message)), text(&expected), "{message:?}");
        assert_eq!(digest(Algorithm::Sha256, &[message]), expected);
    }
    let million = vec![b'a'; 1_000_000];
    assert_eq!(
        text(&sha256(&million)),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        "a million times the letter a"
    );
}

/// The digests of Ethereum's yellow paper for no bytes, and of the Keccak team's vectors.
#[test]
fn keccak_256_is_that_of_ethereum() {
    let keccak = |message: &[u8]| text(&digest(Algorithm::Keccak256, &[message]));
    assert_eq!(keccak(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert_eq!(keccak(b"abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    assert_eq!(keccak(&hex!("cc")), "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a");
}

/// From the test vectors of the BLAKE3 team: input byte `i` is `i % 251`.
#[test]
fn blake3_gives_what_its_team_published() {
    let blake3 = |count: u32| {
        let input: Vec<u8> = (0..count).map(|at| (at % 251) as u8).collect();
        text(&digest(Algorithm::Blake3, &[&input]))
    };
    assert_eq!(blake3(0), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    assert_eq!(blake3(1), "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213");
    assert_eq!(blake3(1024), "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7");
}
