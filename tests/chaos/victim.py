"""A process of the service that can be killed at named points.

    python -m tests.chaos.victim web|worker|beat|command [ARGUMENT…]

It runs the standard launchers (gunicorn with its configuration, Celery, `campaign`) with kill points around the
service's commits and calls. Waits that take minutes in production take seconds here.
CHAOS_ORDERS names the folder of `tests.chaos.kill_orders`. For `tests.chaos.supervision` and `tests.chaos.staff`.
"""

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

ROLE = sys.argv[1]
if ROLE == "web":
    from gevent import monkey

    # Like gunicorn.conf.py, patch before the following imports open or read anything.
    monkey.patch_all()

from campaign.mailer import outbox  # noqa: E402 - after the patch
from campaign.refunds import flow as refund_flow  # noqa: E402
from campaign.stripe_events import inbox  # noqa: E402
from tests.chaos.hooks import Hooks  # noqa: E402
from tests.chaos.kill_orders import KillOrders  # noqa: E402

SWEEP = timedelta(seconds=1)
SOON = timedelta(seconds=1)


def shorten_waits() -> None:
    """Keep their order: no email starts after TIME_FOR_A_BATCH, so none is in progress when LEASE ends."""
    outbox.LEASE = timedelta(seconds=5)
    outbox.TIME_FOR_A_BATCH = timedelta(seconds=1)
    outbox.BACKOFF = replace(outbox.BACKOFF, first=SOON, longest=timedelta(seconds=2))
    inbox.BACKOFF = replace(inbox.BACKOFF, first=SOON, longest=timedelta(seconds=2))
    refund_flow.GRACE = SOON


def web(arguments: list[str]) -> None:
    # Import here, so that a restarted worker only creates its application, which is fast.
    from gunicorn.app.wsgiapp import run

    import campaign.web.app  # noqa: F401

    sys.argv = ["gunicorn", *arguments, "campaign:create_app()"]
    run()


def celery(arguments: list[str]) -> None:
    from workers import inbox, outbox, upkeep  # noqa: F401
    from workers.app import app

    for name in ("sweep-inbox", "sweep-outbox"):
        app.conf.beat_schedule[name] |= {"schedule": SWEEP, "options": {"expires": 10}}
    app.start([*arguments])


def command(arguments: list[str]) -> None:
    from campaign.cli.main import main

    sys.argv = ["campaign", *arguments]
    main()


ROLES = {"web": web, "worker": celery, "beat": celery, "command": command}

if __name__ == "__main__":
    shorten_waits()
    Hooks(ROLE, KillOrders(Path(os.environ["CHAOS_ORDERS"]))).install()
    ROLES[ROLE](sys.argv[2:])
