"""Charges, all of which can be paid."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
print(n, "charges")
