"""The web server: green threads, because donors wait for Stripe and readers for the next gift."""

from gevent import monkey

# Before anything opens a socket or reads ssl; gunicorn would do it later, when our settings have been read.
monkey.patch_all()

import multiprocessing  # noqa: E402 - after the patch
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from campaign.core.errors import ConfigurationError  # noqa: E402
from campaign.core.settings import load_settings  # noqa: E402

worker_class = "gevent"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(multiprocessing.cpu_count(), 4))
worker_connections = 4000
bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
# A stream never ends by itself; its reader reconnects.
graceful_timeout = 5
timeout = 60
keepalive = 20
# Heartbeats in memory never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own private file there
# The control socket would be opened in the home directory, which a read-only container has not.
control_socket_disable = True


def on_starting(_server: object) -> None:
    """Stop before any worker starts, with one message, where settings are missing or wrong."""
    try:
        load_settings()
    except ConfigurationError as error:
        sys.exit(str(error))
