"""Tells workers that rows are waiting, by task name, after a commit. Losing a nudge loses nothing: a sweep follows."""

from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from structlog import get_logger

INBOX = "workers.inbox.drain"
OUTBOX = "workers.outbox.drain"

log = get_logger(__name__)


class Nudge:
    """Sends task names to the broker; without a broker it does nothing."""

    def __init__(self, broker_url: str | None) -> None:
        self._celery = _producer(broker_url) if broker_url else None

    def __call__(self, task: str) -> bool:
        """Ask for `task` soon; False where the broker did not take it, which the sweep makes good."""
        if self._celery is None:
            return False
        try:
            self._celery.send_task(task, retry=False, ignore_result=True)
        except (KombuError, OperationalError, OSError) as error:
            log.warning("nudge_lost", task=task, error=str(error))
            return False
        return True


def _producer(broker_url: str) -> Celery:
    app = Celery("campaign", broker=broker_url)
    app.conf.update(
        task_serializer="json",
        broker_connection_timeout=1,
        broker_transport_options={
            "socket_timeout": 2,
            "socket_connect_timeout": 1,
            "max_retries": 0,
        },
    )
    return app
