"""Digests of digests."""
import sys
from hashlib import sha256

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
digest = sha256(b"").hexdigest()
for _ in range(n):
    digest = sha256(digest.encode()).hexdigest()
print(n, "digests, the last is", digest)
