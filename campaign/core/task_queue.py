"""Notify workers after a commit that rows are due, by task name. A lost message is harmless: a sweep follows."""

from functools import cached_property
from typing import TYPE_CHECKING

from structlog import get_logger

if TYPE_CHECKING:
    from celery import Celery

INBOX = "workers.inbox.drain"
OUTBOX = "workers.outbox.drain"

log = get_logger(__name__)


class TaskNotifier:
    """Sends task names to the broker. Without a broker, it does nothing."""

    def __init__(self, broker_url: str | None) -> None:
        self._broker_url = broker_url

    def __call__(self, task: str) -> bool:
        """Request `task` now; return False if the broker did not accept it. The next sweep then does the work."""
        if not self._broker_url:
            return False
        # Celery is imported on first use, so that a command with nothing to do does not wait for it.
        from kombu.exceptions import KombuError, OperationalError  # noqa: PLC0415

        try:
            self._celery.send_task(task, retry=False, ignore_result=True)
        except (KombuError, OperationalError, OSError) as error:
            log.warning("nudge_lost", task=task, error=str(error))
            return False
        return True

    @cached_property
    def _celery(self) -> "Celery":
        return _producer(self._broker_url)


def _producer(broker_url: str | None) -> "Celery":
    from celery import Celery  # noqa: PLC0415 - as above

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
