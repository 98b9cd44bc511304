"""`./dev run`: run the whole service on this machine, with local replacements for external services.

It starts everything in order (servers, Stripe and mail, migrations, demonstration, web and workers),
prints the addresses when all of it is ready, watches the processes, and stops them in reverse order.
"""

import argparse
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from sandbox.children import explain, report
from sandbox.installation import Installation, Options
from sandbox.record import AlreadyRunningError, RunRecord
from sandbox.servers import ServerError, free_port
from sandbox.servers.ports import port_is_free
from sandbox.stand_ins import CallerEnvironment

ROOT = Path(__file__).resolve().parents[1]
PORT_SECONDS = 2.0


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM arrived while processes were starting or running."""


class SignalHandler:
    """The first signal stops the run; the second one skips the grace period."""

    def __init__(self) -> None:
        self._count = 0
        self._stopping = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle_signal)

    def start_stopping(self) -> None:
        """From now on only count signals, so that they do not interrupt the shutdown."""
        self._stopping = True

    def skip_wait(self) -> bool:
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
        report(f"dev run: {error}")
        return 1


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8000, help="port of the web server; 0 picks a free port"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT / "var",
        metavar="DIR",
        help="the data folder; default var/",
    )
    parser.add_argument(
        "--no-demo",
        dest="demo",
        action="store_false",
        help="do not create the demonstration campaign",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show all output of every process, not only warnings"
    )
    return parser


def supervise(options: Options, signals: SignalHandler) -> int:
    with RunRecord(options.folder) as record, ExitStack() as stack:
        installation = Installation(options, os.environ, stack, signals.skip_wait)
        try:
            installation.start()
            record.publish(installation.environment)
            for name, address in installation.addresses():
                print(f"{name}: {address}", flush=True)
            report("Press Ctrl-C to stop everything")
            return watch(installation)
        except StopRequested:
            report("stopping")
            return 0
        finally:  # before the stack unwinds, which no signal may interrupt
            signals.start_stopping()


def watch(installation: Installation, every: float = 0.2) -> int:
    """Watch until a signal arrives or a process exits unexpectedly; return the exit code."""
    while True:
        for name, process in installation.monitored():
            if process.ended():
                report(explain(name, process, "exited unexpectedly, so everything stops"))
                return 1
        time.sleep(every)


def require_free_port(port: int) -> None:
    """Raise ServerError if the port stays in use: the web workers of a killed run need a moment to release it."""
    deadline = time.monotonic() + PORT_SECONDS
    while not port_is_free(port):
        if time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        raise ServerError(
            f"port {port} is in use: stop the program that uses it, or choose another port with --port"
        )


if __name__ == "__main__":
    sys.exit(main())
