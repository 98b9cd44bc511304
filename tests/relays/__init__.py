"""Real mail servers from Debian's packages, unpacked and not installed, that refuse our emails in their own words.

`python -m tests.relays install` downloads them (as root, on Debian); `./dev test tests/relays` tries each refusal.
"""
