"""Starts a program that dies with the process that asked for it, even if that one is SIGKILLed.

Run by path with `python -I -S`, so it imports nothing of ours and starts in about 20 ms:

    tether.py PARENT SIGNAL USER GROUP WATCH PROGRAM [ARGUMENT…]

It takes on the given user (`-` keeps ours), ties its life to PARENT and becomes PROGRAM, so the
process id stays the one that the parent was given. WATCH is `kernel` (Linux tells the child) or
`poll` (a small watcher asks twice a second). `sandbox.servers.process` is the only caller.

It is a program and not a `preexec_fn`, because that may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys
import time

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def switch_user(user: str, group: str) -> None:
    """Becomes that account for good. Root needs it, because PostgreSQL refuses to run as root."""
    if user == "-":
        return
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))


def tie_with_kernel(parent: int, number: int) -> None:
    """After the change of user, which clears the setting. It survives exec."""
    ctypes.CDLL(None, use_errno=True).prctl(SET_PARENT_DEATH_SIGNAL, number, 0, 0, 0)
    if os.getppid() != parent:  # it was killed before we asked
        sys.exit(1)


def tie_with_watcher(parent: int, number: int) -> None:
    """For systems other than Linux, and for servers started from a thread that ends before them."""
    program = os.getpid()
    if os.fork():
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == program:
        if not is_running(parent):
            os.kill(program, number)
            break
        time.sleep(0.5)
    os._exit(0)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(arguments: list[str]) -> None:
    parent, number, user, group, watch, *command = arguments
    switch_user(user, group)
    tie = tie_with_kernel if watch == "kernel" else tie_with_watcher
    tie(int(parent), int(number))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"cannot start {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
