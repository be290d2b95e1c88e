"""The indices of entries count them."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
print(n, "entries, sum of indices", n * (n - 1) // 2)
