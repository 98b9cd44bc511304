"""What Stripe says about the sessions that forms opened: cards declined in them, gifts paid; and ending bad ones.

Declines come with `charge.failed`: https://docs.stripe.com/api/events/types#event_types-charge.failed
"""

import hashlib
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.card_testing.assessment import Source, read_counts
from campaign.card_testing.policy import HOUR, is_bad_mailbox, is_bad_network
from campaign.core import clock
from campaign.core.errors import GatewayRefused, GatewayUnavailable
from campaign.models import CardDecline, Donation, SessionOpening
from campaign.runtime.context import Installation

AT_MOST = 200
"""Sessions that one run expires: within Stripe's limit of requests even if each takes 10 ms."""

log = get_logger(__name__)


def record_decline(
    session: Session, donation: str, charge_id: str, fingerprint: str, at: datetime
) -> bool:
    """Record that a card was declined for the donation with this public id; return whether that is new.

    `fingerprint`: Stripe's, the same for each use of one card; without one, each charge counts as another card. If
    the maker of the session turns out bad, their open sessions are marked, and `expire_bad_sessions` ends them.
    """
    opening = session.scalar(
        select(SessionOpening)
        .join(Donation, Donation.id == SessionOpening.donation_id)
        .where(Donation.public_id == donation)
        .order_by(SessionOpening.id.desc())
        .limit(1)
    )
    if opening is None:
        return False
    card = hashlib.sha256((fingerprint or charge_id).encode()).hexdigest()[:24]
    values = {"charge_id": charge_id, "opening_id": opening.id, "card": card, "declined_at": at}
    made = insert(CardDecline).values(values).on_conflict_do_nothing().returning(CardDecline.id)
    if session.scalar(made) is None:
        return False
    _mark_bad(session, opening, at)
    return True


def note_paid(session: Session, session_id: str, at: datetime) -> None:
    """Record that the session was paid, or that its bank debit is pending."""
    row = SessionOpening
    unpaid = update(row).where(row.session_id == session_id, row.paid_at.is_(None))
    session.execute(unpaid.values(paid_at=at))


def _mark_bad(session: Session, opening: SessionOpening, at: datetime) -> None:
    row = SessionOpening
    source = Source(opening.network, opening.prefix, opening.mailbox)
    counts = read_counts(session, source, at, honest=False)
    still_open = (row.paid_at.is_(None), row.bad_at.is_(None))
    mark = update(row).where(*still_open).values(bad_at=at).returning(row.id)
    if is_bad_mailbox(counts.mailbox):
        session.execute(mark.where(row.mailbox == opening.mailbox))
    if is_bad_network(counts.network):
        mine = (row.network == opening.network, row.opened_at > at - HOUR)
        session.execute(mark.where(*mine))


def expire_bad_sessions(installation: Installation) -> int:
    """Expire the marked sessions at Stripe, so that they take no more cards; return how many were expired.

    One that was paid meanwhile stays paid. After a crash or while Stripe is out of reach, the next run goes on.
    """
    expired = 0
    for opening_id, session_id in _marked(installation):
        try:
            installation.gateway.expire_session(session_id)
            expired += 1
        except GatewayRefused as error:
            # It is complete or has expired by itself.
            log.info("bad_session_not_expired", session=session_id, error=str(error))
        except GatewayUnavailable as error:
            log.warning("bad_sessions_wait", error=str(error))
            break
        with installation.sessions.begin() as session:
            ended = update(SessionOpening).where(SessionOpening.id == opening_id)
            session.execute(ended.values(ended_at=clock.now()))
    return expired


def _marked(installation: Installation) -> list[tuple[int, str]]:
    row = SessionOpening
    waiting = (
        select(row.id, row.session_id)
        .where(row.bad_at.is_not(None), row.ended_at.is_(None))
        .order_by(row.id)
        .limit(AT_MOST)
    )
    with installation.sessions() as session:
        return [(key, stripe_id) for key, stripe_id in session.execute(waiting)]
