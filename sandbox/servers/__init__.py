"""A private PostgreSQL server and a private broker for `./dev run` and the tests.

    with PrivatePostgres() as server, PrivateBroker() as broker:
        connect(server.url, broker.url)

Both require a password and listen on a free port of 127.0.0.1 only. They stop with the block, and also
when the process that started them is killed.
"""

from sandbox.servers.broker import PrivateBroker
from sandbox.servers.ports import free_port
from sandbox.servers.postgres import PrivatePostgres
from sandbox.servers.process import ServerError

__all__ = ["PrivateBroker", "PrivatePostgres", "ServerError", "free_port"]
