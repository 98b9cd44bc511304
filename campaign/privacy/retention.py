"""Delete data whose retention period is over. Each package defines when its own data expires.

Data that ends with an event, not after a time, is deleted in that event's transaction: a reminder's address once it is
sent or its campaign is over (`outreach.reminders`), and erased people (`privacy.erasure`).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.auth.links import purge_links
from campaign.auth.policies import DONORS, STAFF
from campaign.auth.sessions import purge_sessions
from campaign.card_testing.assessment import purge_openings
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
    "card_testing": purge_openings,
}
"""By kind: a function that deletes the rows expired at the given time and returns their number."""

log = get_logger(__name__)


def purge_expired(installation: Installation) -> int:
    """Delete expired data, with a commit for each kind; return the number of rows deleted."""
    deleted = 0
    for kind, purge in PURGES.items():
        with installation.sessions.begin() as session:
            number = purge(session, clock.now())
        if number:
            log.info("expired_data_deleted", kind=kind, number=number)
        deleted += number
    return deleted
