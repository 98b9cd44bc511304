"""Child processes that never outlive their parent. Used by the private servers and `./dev run`."""

import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.servers.account import Account

TETHER = Path(__file__).with_name("tether.py")


class ServerError(RuntimeError):
    """A server could not start or keep running. The message gives the reason and what to do."""


def tethered(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
) -> list[str]:
    """Return a command that runs `command` as `account` and signals it when this process dies."""
    # Linux sends the signal when the *thread* that forked ends, so only the main thread can use it.
    on_main_thread = threading.current_thread() is threading.main_thread()
    watch = "kernel" if platform.system() == "Linux" and on_main_thread else "poll"
    user, group = (str(account.user), str(account.group)) if account else ("-", "-")
    prefix = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
    return [*prefix, str(int(death_signal)), user, group, watch, *map(str, command)]


def start(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    output: int | IO[bytes],
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `command` tethered and in its own session, so that Ctrl-C reaches only this process."""
    return subprocess.Popen(
        tethered(command, death_signal=death_signal, account=account),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )


def stop(
    process: "subprocess.Popen[bytes]",
    number: signal.Signals = signal.SIGTERM,
    *,
    timeout: float,
) -> None:
    """Send signal `number`, wait up to `timeout` seconds, then kill what remains of its session."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
    kill_group(process)
    process.wait()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Send SIGKILL to the process and to every descendant in its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS raises the latter for a group of zombies
        return


def command_of(process: int) -> str:
    """Return the command line of a running process, or "" if there is no such process."""
    if platform.system() == "Linux":  # a minimal system has no `ps`
        try:
            return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout
