"""Record heartbeats: a scheduled job runs inside `heartbeat`, in a worker task or in a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit import heartbeats
from campaign.core import clock
from campaign.core.log_masking import mask_addresses
from campaign.runtime.context import Installation

log = get_logger(__name__)


@contextmanager
def heartbeat(installation: Installation, job: str) -> Iterator[None]:
    """Record that `job` (a name in `heartbeats.JOBS`) started, and how it ended, each in its own commit.

    A process that is killed leaves a run without an end. An error in the job propagates. An error while saving the
    heartbeat never fails the job; it is logged as a warning unless the job failed too.
    """
    began = _saved(installation, lambda session: heartbeats.begin(session, job, clock.now()))
    try:
        yield
    except Exception as error:
        message = mask_addresses(f"{type(error).__name__}: {error}")
        _saved(installation, lambda session: heartbeats.fail(session, job, message, clock.now()))
        raise
    ended = _saved(installation, lambda session: heartbeats.succeed(session, job, clock.now()))
    if not (began and ended):
        log.warning("heartbeat_not_kept", job=job)


def _saved(installation: Installation, write: Callable[[Session], None]) -> bool:
    try:
        with installation.sessions.begin() as session:
            write(session)
    except SQLAlchemyError as error:
        log.info("heartbeat_not_written", error=repr(error))
        return False
    return True
