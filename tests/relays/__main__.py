"""`python -m tests.relays install`: download Debian's mail servers and unpack them into `.tools/relays`."""

import sys

from tests.relays.packages import FOLDER, install

if sys.argv[1:] != ["install"]:
    sys.exit("Usage: python -m tests.relays install; then ./dev test tests/relays")
install()
print(f"Unpacked into {FOLDER}. Run ./dev test tests/relays")
