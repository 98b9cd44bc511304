"""Run the console script in a new process each time, forked from one that has already imported everything.

A command has the same arguments, environment, streams and exit status as the installed script, but the second
that Python needs to import everything is spent only once.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REQUEST_BYTES = 1 << 20
LATE = ("campaign.cli.failures", "campaign.gateway.client", "celery.app.amqp")
"""Modules that some commands import while they run, in addition to each command's own module."""


class WarmProgram:
    """`with WarmProgram() as program: program.run(environ, "ledger", "check")`."""

    def __enter__(self) -> "WarmProgram":
        self._folder = tempfile.TemporaryDirectory()
        self._address = str(Path(self._folder.name) / "socket")
        ready, ready_fd = os.pipe()
        command = [sys.executable, "-m", __name__, self._address, str(ready_fd)]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[ready_fd])
        os.close(ready_fd)
        with os.fdopen(ready) as end:
            assert end.read() == "ready", "The program cannot be imported; see the error above."
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def run(
        self, environ: dict[str, str], *arguments: str, seconds: float = 120
    ) -> tuple[int, str, str]:
        """Return exit status, standard output and standard error of one command."""
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as errors,
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line,
        ):
            line.settimeout(seconds)
            line.connect(self._address)
            request = json.dumps({"environ": environ, "arguments": arguments}).encode()
            socket.send_fds(line, [request], [out.fileno(), errors.fileno()])
            status = int(line.recv(16))
            texts = []
            for file in (out, errors):
                file.seek(0)
                texts.append(file.read().decode())
        return status, texts[0], texts[1]


def serve(address: str, ready_fd: int) -> None:
    """Fork once per connection. That process forks the command and reports its exit status."""
    from campaign.cli import main

    _import_commands()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        os.write(ready_fd, b"ready")
        os.close(ready_fd)
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                _answer(line, main)
                os._exit(0)
            line.close()


def _import_commands() -> None:
    from campaign.cli.main import COMMANDS

    for name in (*LATE, *(command.module for command in COMMANDS.values())):
        import_module(name)


def _answer(line: socket.socket, main: Any) -> None:
    request, streams, _, _ = socket.recv_fds(line, REQUEST_BYTES, 2)
    command = os.fork()
    if command == 0:
        line.close()
        os._exit(_run(json.loads(request), streams, main))
    _, ended = os.waitpid(command, 0)
    line.send(str(os.waitstatus_to_exitcode(ended)).encode())


def _run(request: dict[str, Any], streams: list[int], main: Any) -> int:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, target in zip((nowhere, *streams), (0, 1, 2), strict=True):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir("/")
    sys.argv = ["campaign", *request["arguments"]]
    try:
        main()
        status: Any = 0
    except SystemExit as ended:
        status = ended.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:  # noqa: BLE001 - like the interpreter
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(status)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
