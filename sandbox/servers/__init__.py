"""A private PostgreSQL and a private broker, for `./dev run` and for the tests.

    with PrivatePostgres() as server, PrivateBroker() as broker:
        connect(server.url, broker.url)

Both listen on 127.0.0.1 only, behind a password, on a port that was free. They end with the block,
and also when the process that started them is killed.
"""

from sandbox.servers.broker import PrivateBroker
from sandbox.servers.ports import free_port
from sandbox.servers.postgres import PrivatePostgres
from sandbox.servers.process import ServerError

__all__ = ["PrivateBroker", "PrivatePostgres", "ServerError", "free_port"]
