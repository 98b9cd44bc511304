"""Start a program that dies together with the process that started it, even after SIGKILL.

It is run by path with `python -I -S`, so it imports nothing from this project and starts in about 20 ms:

    tether.py PARENT SIGNAL USER GROUP WATCH PROGRAM [ARGUMENT…]

It switches to the given user (`-` keeps the current one), ties itself to PARENT and then executes PROGRAM,
so the process id stays the same. WATCH is `kernel` (Linux signals the child) or `poll` (a small watcher
checks twice a second). `sandbox.servers.process` is the only caller.

This is a program and not a `preexec_fn`, which may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys
import time

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def switch_user(user: str, group: str) -> None:
    """Switch to that account permanently. PostgreSQL refuses to run as root."""
    if user == "-":
        return
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))


def tie_with_kernel(parent: int, number: int) -> None:
    """Ask the kernel for a signal when the parent dies. Changing the user clears this; exec does not."""
    ctypes.CDLL(None, use_errno=True).prctl(SET_PARENT_DEATH_SIGNAL, number, 0, 0, 0)
    if os.getppid() != parent:  # it was killed before the call above
        sys.exit(1)


def tie_with_watcher(parent: int, number: int) -> None:
    """Start a watcher. Used outside Linux, and for servers started from a thread that ends before them."""
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
