"""The loop around every operation on the state."""
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
print(n, "names, the last is", f"account {(n - 1) % 100}")
