"""The Celery configuration: JSON, no arguments, late acknowledgment, and a schedule that sweeps missed work."""

import sys
from datetime import timedelta
from functools import cache

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from campaign.core.errors import ConfigurationError
from campaign.core.observability import observe
from campaign.core.settings import load_settings
from campaign.core.task_queue import INBOX, OUTBOX
from campaign.gateway import PATIENCE
from campaign.runtime.context import Installation, make_installation

SWEEP = timedelta(seconds=10)
"""The longest that a row waits if its notification was lost."""

RECOVERY = timedelta(hours=1)
"""How often to fetch events that Stripe could not deliver."""

REFUNDS = timedelta(minutes=1)
"""How often to check refunds that Stripe has not confirmed."""

STRIPE_POLL = timedelta(minutes=1)
"""How often to ask Stripe for fees, payouts, and the payments of unmatched refunds and disputes."""

FINALIZATION = timedelta(minutes=10)
"""The longest that finalizing a result is delayed after the campaign's grace period."""

PURGES = timedelta(minutes=10)
"""The longest that expired personal data is kept."""

MILESTONES = timedelta(minutes=1)
"""How often to check whether campaigns reached a milestone."""

ERASURES = timedelta(minutes=1)
"""How often to carry out approved erasure requests."""

NOTICES = timedelta(hours=1)
"""How often to look for yearly gifts that are about to renew."""

ALERTS = timedelta(minutes=10)
"""How often to look for problems that staff must know about."""

SEGMENTS = timedelta(minutes=15)
"""How soon the staff page shows that a subscriber gave; one statement, seconds for a million subscribers."""

LIST_SYNC = timedelta(hours=1)
"""How often to sync subscribers with the list services that are set up."""

RECONCILIATION = timedelta(hours=12)
"""How often to compare the ledger with Stripe."""

try:
    settings = load_settings()
except ConfigurationError as error:
    sys.exit(str(error))

app = Celery(
    "workers",
    broker=settings.broker_url,
    include=["workers.inbox", "workers.outbox", "workers.upkeep", "workers.webhooks"],
)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=600,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # Without this, redis-py 8 times out an idle worker.
    broker_transport_options={"socket_timeout": None, "visibility_timeout": 900},
    # Tasks expire, because sweeps that no worker starts in time would only pile up.
    beat_schedule={
        "sweep-inbox": {"task": INBOX, "schedule": SWEEP, "options": {"expires": SWEEP.seconds}},
        "sweep-outbox": {"task": OUTBOX, "schedule": SWEEP, "options": {"expires": SWEEP.seconds}},
        "send-webhooks": {
            "task": "workers.webhooks.send",
            "schedule": SWEEP,
            "options": {"expires": SWEEP.seconds},
        },
        "recover-events": {
            "task": "workers.upkeep.recover",
            "schedule": RECOVERY,
            "options": {"expires": RECOVERY.seconds},
        },
        "finish-refunds": {
            "task": "workers.upkeep.finish_refunds",
            "schedule": REFUNDS,
            "options": {"expires": REFUNDS.seconds},
        },
        "book-fees": {
            "task": "workers.upkeep.book_fees",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "note-receipts": {
            "task": "workers.upkeep.note_receipts",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "match-evidence": {
            "task": "workers.upkeep.match_evidence",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "take-in-payments": {
            "task": "workers.upkeep.take_in_payments",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "import-files": {
            "task": "workers.upkeep.import_files",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "read-payouts": {
            "task": "workers.upkeep.read_payouts",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "finalize": {
            "task": "workers.upkeep.finalize",
            "schedule": FINALIZATION,
            "options": {"expires": FINALIZATION.seconds},
        },
        "purge-expired": {
            "task": "workers.upkeep.purge_expired",
            "schedule": PURGES,
            "options": {"expires": PURGES.seconds},
        },
        "mark-milestones": {
            "task": "workers.upkeep.mark_milestones",
            "schedule": MILESTONES,
            "options": {"expires": MILESTONES.seconds},
        },
        "erase-donors": {
            "task": "workers.upkeep.erase_donors",
            "schedule": ERASURES,
            "options": {"expires": ERASURES.seconds},
        },
        "queue-notices": {
            "task": "workers.upkeep.queue_notices",
            "schedule": NOTICES,
            "options": {"expires": NOTICES.seconds},
        },
        "segment-subscribers": {
            "task": "workers.upkeep.segment_subscribers",
            "schedule": SEGMENTS,
            "options": {"expires": SEGMENTS.seconds},
        },
        "alert-staff": {
            "task": "workers.upkeep.alert_staff",
            "schedule": ALERTS,
            "options": {"expires": ALERTS.seconds},
        },
        "watch-card-testing": {
            "task": "workers.upkeep.watch_card_testing",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "tell-staff": {
            "task": "workers.upkeep.tell_staff",
            "schedule": STRIPE_POLL,
            "options": {"expires": STRIPE_POLL.seconds},
        },
        "sync-lists": {
            "task": "workers.upkeep.sync_lists",
            "schedule": LIST_SYNC,
            "options": {"expires": LIST_SYNC.seconds},
        },
        "reconcile": {
            "task": "workers.upkeep.reconcile",
            "schedule": RECONCILIATION,
            "options": {"expires": RECONCILIATION.seconds},
        },
    },
)


@cache
def installation() -> Installation:
    """Return this worker process's installation, created on first use because connections do not survive a fork."""
    return make_installation(settings, patience=PATIENCE)


@worker_process_init.connect
def _forget_inherited(**_kwargs: object) -> None:
    installation.cache_clear()


@setup_logging.connect
def _log(**_kwargs: object) -> None:
    observe(settings, "worker")
