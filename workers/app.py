"""Celery, configured once: JSON, ids only, late acknowledgment, a schedule that sweeps what no nudge reached."""

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
"""How long a row waits at most when its nudge was lost."""

RECOVERY = timedelta(hours=1)
"""How often Stripe is asked for events that it could not deliver."""

REFUNDS = timedelta(minutes=1)
"""How often refunds of ours that Stripe has not confirmed are looked up."""

LOOKS = timedelta(minutes=1)
"""How often Stripe is asked for the fees of what moved, and for the payments of what went back of nobody's."""

FINALIZATION = timedelta(minutes=10)
"""How long after its grace period a campaign's result is frozen at most."""

PURGING = timedelta(minutes=10)
"""How long after its time is over personal data is still there at most."""

MILESTONES = timedelta(minutes=1)
"""How often it is looked for shares of goals that were reached."""

ERASURES = timedelta(minutes=1)
"""How often it is looked for people whom staff have agreed to remove."""

NOTICES = timedelta(hours=1)
"""How often yearly gifts that are about to renew are looked for."""

ALERTS = timedelta(minutes=10)
"""How often it is looked for what staff must know."""

RECONCILING = timedelta(hours=12)
"""How often the ledger is held against Stripe."""

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
    # redis-py 8 would otherwise time out a worker that only waits for work.
    broker_transport_options={"socket_timeout": None, "visibility_timeout": 900},
    # Sweeps that no worker took in time would only pile up.
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
            "schedule": LOOKS,
            "options": {"expires": LOOKS.seconds},
        },
        "match-evidence": {
            "task": "workers.upkeep.match_evidence",
            "schedule": LOOKS,
            "options": {"expires": LOOKS.seconds},
        },
        "read-payouts": {
            "task": "workers.upkeep.read_payouts",
            "schedule": LOOKS,
            "options": {"expires": LOOKS.seconds},
        },
        "finalize": {
            "task": "workers.upkeep.finalize",
            "schedule": FINALIZATION,
            "options": {"expires": FINALIZATION.seconds},
        },
        "purge-expired": {
            "task": "workers.upkeep.purge_expired",
            "schedule": PURGING,
            "options": {"expires": PURGING.seconds},
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
        "alert-staff": {
            "task": "workers.upkeep.alert_staff",
            "schedule": ALERTS,
            "options": {"expires": ALERTS.seconds},
        },
        "reconcile": {
            "task": "workers.upkeep.reconcile",
            "schedule": RECONCILING,
            "options": {"expires": RECONCILING.seconds},
        },
    },
)


@cache
def installation() -> Installation:
    """This worker process's installation, made when first needed: connections do not survive a fork."""
    return make_installation(settings, patience=PATIENCE)


@worker_process_init.connect
def _forget_inherited(**_kwargs: object) -> None:
    installation.cache_clear()


@setup_logging.connect
def _log(**_kwargs: object) -> None:
    observe(settings, "worker")
