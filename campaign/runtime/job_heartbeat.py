"""The heartbeats' edge: a scheduled job runs inside `heartbeat`, in a worker's task or in a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit import heartbeats
from campaign.core import clock
from campaign.runtime.context import Installation

log = get_logger(__name__)


@contextmanager
def heartbeat(installation: Installation, job: str) -> Iterator[None]:
    """Keep that `job` (a name of `heartbeats.JOBS`) began, and how it ended, each in a commit of its own.

    A process that is killed leaves a run that never ended. The job's own error goes on; one of keeping the heartbeat
    never fails the job, and is logged unless the job failed too: then the job's says it.
    """
    began = _kept(installation, lambda session: heartbeats.begin(session, job, clock.now()))
    try:
        yield
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        _kept(installation, lambda session: heartbeats.fail(session, job, words, clock.now()))
        raise
    ended = _kept(installation, lambda session: heartbeats.succeed(session, job, clock.now()))
    if not (began and ended):
        log.warning("heartbeat_not_kept", job=job)


def _kept(installation: Installation, write: Callable[[Session], None]) -> bool:
    try:
        with installation.sessions.begin() as session:
            write(session)
    except SQLAlchemyError as error:
        log.info("heartbeat_not_written", error=repr(error))
        return False
    return True
