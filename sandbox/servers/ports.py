"""Find free ports on the loopback interface. Used by the sandbox and the tests."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
_SERVERS = range(20_000, 32_000)
"""Below the ports that Linux and macOS give to outgoing connections and to servers that ask for any."""
_TRIES = 100


def free_port(preferred: int = 0) -> int:
    """Return a TCP port on 127.0.0.1 that nothing listens on: `preferred` if it is free, or any other.

    Another program may take the port before the caller does. That is unlikely, because the port is chosen at random
    from those that no kernel hands out; callers that can should retry.
    """
    if preferred and port_is_free(preferred):
        return preferred
    for _ in range(_TRIES):
        # Not by `random`: parallel tests with the same seed would all get the same one.
        chosen = _SERVERS.start + secrets.randbelow(len(_SERVERS))
        if port_is_free(chosen):
            return chosen
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        # Without this, a port with connections in TIME_WAIT would count as in use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
