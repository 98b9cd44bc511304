"""`python -m sandbox.stripe`: run the sandbox as a separate process until SIGINT or SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from sandbox.stripe.server import DEFAULT_SECRET, StripeSandbox


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=8420, help="0 picks a free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder for the state; without it the state is in memory",
    )
    parser.add_argument(
        "--webhook-url", action="append", metavar="URL", help="may be given repeatedly"
    )
    parser.add_argument("--webhook-secret", default=DEFAULT_SECRET, metavar="whsec_…")
    parser.add_argument("--public-url", metavar="URL", help="the address that browsers use")
    return parser


def main() -> int:
    args = build_parser().parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        sandbox = StripeSandbox(
            port=args.port,
            host=args.host,
            folder=args.data,
            webhook_url=args.webhook_url,
            webhook_secret=args.webhook_secret,
            public_url=args.public_url,
        )
    except OSError as error:
        print(f"the Stripe sandbox cannot start: {error}", file=sys.stderr)
        return 1
    with sandbox:
        print(f"Stripe sandbox: {sandbox.account.public_url}", flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
