"""Merkle roots as RFC 9162 defines them, from the largest power of two down; leaves are canonical encodings."""
import sys
from hashlib import sha256

n = int(sys.argv[1]) if len(sys.argv) > 1 else 4


def encoded(text):
    assert len(text) < 24
    return bytes([0x60 + len(text)]) + text.encode()


def root(leaves):
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


leaves = [encoded(f"payment {i}") for i in range(256)]
for i in range(n):
    leaves[i % 256] = encoded(f"refund {i}")
print(n, "roots, the last is", root(leaves).hex())
