"""A load generator with keep-alive connections, in its own process."""

import multiprocessing
import selectors
import socket
import time
from multiprocessing.connection import Connection

SECONDS = 2.0
CONNECTIONS = 16


def answers_per_second(port: int, requests: list[bytes]) -> float:
    """Send `requests` in rotation to 127.0.0.1:`port`; return answers per second.

    Every answer must be a 200 with a Content-Length.
    """
    receiving, sending = multiprocessing.Pipe(duplex=False)
    load = multiprocessing.get_context("spawn").Process(
        target=_load, args=(port, requests, sending), daemon=True
    )
    load.start()
    found: float = receiving.recv()
    load.join()
    return found


def _load(port: int, requests: list[bytes], result: Connection) -> None:
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(requests[0])
        selector.register(connection, selectors.EVENT_READ, bytearray())
    answered, begun = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < SECONDS:
        for key, _ in selector.select(1):
            connection = key.fileobj  # type: ignore[assignment] # only sockets are registered
            key.data.extend(connection.recv(262_144))
            if _is_whole(key.data):
                key.data.clear()
                answered += 1
                connection.sendall(requests[answered % len(requests)])
    result.send(answered / elapsed)


def _is_whole(received: bytearray) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {bytes(head[:80])!r}")
    length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
    return len(body) >= int(length)
