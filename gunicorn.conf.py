"""Gunicorn settings: green threads, because requests wait for Stripe and streams wait for the next gift."""

from gevent import monkey

# Patch before anything opens a socket or imports ssl; gunicorn would do it only after reading this file.
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
# Progress streams never end on their own, so do not wait long for them: their readers reconnect.
graceful_timeout = 5
timeout = 60
keepalive = 20
# Heartbeat files in memory never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn creates a private file there
# The control socket would be created in the home directory, which a read-only container lacks.
control_socket_disable = True
# No log line of gunicorn holds an address that opens a page, whatever format `--access-logformat` names.
logger_class = "campaign.web.access_log.AccessLogger"
# A reader's header must not say where the application begins: the default lets SCRIPT_NAME through.
forwarder_headers = ""


def on_starting(_server: object) -> None:
    """If settings are missing or invalid, exit with one message before any worker starts."""
    try:
        load_settings()
    except ConfigurationError as error:
        sys.exit(str(error))
