"""Merkle roots over hexadecimal texts, from the largest power of two down."""
import sys
from hashlib import sha256

n = int(sys.argv[1]) if len(sys.argv) > 1 else 4


def root(leaves):
    if len(leaves) == 1:
        return sha256(("L" + leaves[0]).encode()).hexdigest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(("N" + root(leaves[:split]) + root(leaves[split:])).encode()).hexdigest()


leaves = [f"payment {i}" for i in range(256)]
for i in range(n):
    leaves[i % 256] = f"refund {i}"
print(n, "roots, the last is", root(leaves))
