"""What is kept for a time only: when each kind has expired is said in its own room, and here it is deleted.

What ends with an event and not with time goes in that event's own transaction: a reminder's address once it was sent or
its campaign is over (`outreach.reminders`), whoever was erased (`privacy.erasure`).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.auth.links import purge_links
from campaign.auth.policies import DONORS, STAFF
from campaign.auth.sessions import purge_sessions
from campaign.core import clock
from campaign.donations.tribute_cards import purge_cards
from campaign.offline.direct_mail_codes import purge_direct_mail
from campaign.runtime.context import Installation

PURGES: dict[str, Callable[[Session, datetime], int]] = {
    "donor_links": lambda session, at: purge_links(session, DONORS, at),
    "donor_sessions": lambda session, at: purge_sessions(session, DONORS, at),
    "staff_sessions": lambda session, at: purge_sessions(session, STAFF, at),
    "staff_links": lambda session, at: purge_links(session, STAFF, at),
    "tribute_cards": purge_cards,
    "direct_mail": purge_direct_mail,
}
"""By kind: deletes what has expired by then, and says how much that was."""

log = get_logger(__name__)


def purge_expired(installation: Installation) -> int:
    """Delete what has expired, a commit for each kind; how much that was."""
    gone = 0
    for kind, purge in PURGES.items():
        with installation.sessions.begin() as session:
            number = purge(session, clock.now())
        if number:
            log.info("expired_data_deleted", kind=kind, number=number)
        gone += number
    return gone
