"""`./dev run`: the whole service on this machine, with stand-ins for what it has no account for.

Starts in order (servers, stand-ins, migrations, demonstration, web and workers), prints the
addresses when all of it answers, watches, and stops in the opposite order.
"""

import argparse
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from sandbox.children import explain, say
from sandbox.installation import Installation, Options
from sandbox.record import AlreadyRunningError, RunRecord
from sandbox.servers import ServerError, free_port
from sandbox.servers.ports import port_is_free
from sandbox.stand_ins import CallerEnvironment

ROOT = Path(__file__).resolve().parents[1]
PORT_SECONDS = 2.0


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM while something was being started or watched."""


class SignalHandler:
    """The first signal ends the run, the second one hurries its end."""

    def __init__(self) -> None:
        self._count = 0
        self._stopping = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle_signal)

    def start_stopping(self) -> None:
        """From now on a signal only counts: the end itself must not be interrupted."""
        self._stopping = True

    def in_hurry(self) -> bool:
        return self._count > 1

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._count += 1
        if not self._stopping:
            self._stopping = True
            raise StopRequested


def main(arguments: list[str] | None = None) -> int:
    args = build_parser().parse_args(arguments)
    options = Options(
        port=args.port or free_port(),
        folder=args.data.absolute(),
        root=ROOT,
        demonstration=args.demo,
        verbose=args.verbose,
    )
    signals = SignalHandler()
    signals.install()
    try:
        require_free_port(options.port)
        CallerEnvironment(os.environ).check()
        return supervise(options, signals)
    except StopRequested:
        return 0
    except (ServerError, AlreadyRunningError, OSError) as error:
        say(f"dev run: {error}")
        return 1


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the web; 0 takes a free one")
    parser.add_argument(
        "--data", type=Path, default=ROOT / "var", metavar="DIR", help="what is kept; default var/"
    )
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="without the demonstration campaign"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="every line of every process, not warnings only"
    )
    return parser


def supervise(options: Options, signals: SignalHandler) -> int:
    with RunRecord(options.folder) as record, ExitStack() as stack:
        installation = Installation(options, os.environ, stack, signals.in_hurry)
        try:
            installation.start()
            record.publish(installation.environment)
            for name, address in installation.addresses():
                print(f"{name}: {address}", flush=True)
            say("Ctrl-C stops all of it")
            return watch(installation)
        except StopRequested:
            say("stopping")
            return 0
        finally:  # before the stack unwinds, which no signal may cut short
            signals.start_stopping()


def watch(installation: Installation, every: float = 0.2) -> int:
    """Until a signal, or until something that should run has ended."""
    while True:
        for name, process in installation.watched():
            if process.ended():
                say(explain(name, process, "ended by itself, so everything stops"))
                return 1
        time.sleep(every)


def require_free_port(port: int) -> None:
    """A run that was killed a moment ago still holds it until its web workers notice."""
    deadline = time.monotonic() + PORT_SECONDS
    while not port_is_free(port):
        if time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        raise ServerError(f"port {port} is in use: stop what uses it, or choose another by --port")


if __name__ == "__main__":
    sys.exit(main())
