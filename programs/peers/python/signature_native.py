"""Every other text has been signed. That this is so, block_validation and the tests of the ledger rest on too."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 4
print(n, "signatures", (n + 1) // 2, "good")
