"""The last look before a letter goes, and what follows from how it ended. For the edges that send.

Bulk mail is begun at most once: `begun_at` is kept before the mail server is spoken to. A worker that dies after that
leaves a message of which nobody knows whether it arrived; it is not sent again, and staff see it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from campaign.core.claims import MOMENT
from campaign.core.errors import MailDelayed, MailRefused, MailUnknown
from campaign.donor_portal import emails as donor_page
from campaign.mailer import outbox, suppressions
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import OutboxMessage, OutboxState, SuppressionReason
from campaign.outreach import eligibility, reminders

MAY_HAVE_ARRIVED = "it may have arrived, and is not repeated"
TOO_LATE = "its time was over before its turn came"

_BEGUN = outbox.QUEUE.ours.where(
    outbox.MESSAGES.c.begun_at.is_(None), outbox.MESSAGES.c.lease_until > MOMENT
).values(begun_at=MOMENT)

# In no order beyond the index's: a whole list of readers is due at one moment, and would be sorted for each batch.
_BULK = (
    select(*CLAIMED, outbox.MESSAGES.c.begun_at)
    .where(outbox.MESSAGES.c.bulk.is_(True))
    .order_by(outbox.MESSAGES.c.next_attempt_at)
)


@dataclass(frozen=True)
class BulkBatch:
    """Bulk messages that are claimed, and how many more were settled on the way without being sent."""

    claims: list[EmailClaim]
    settled: int

    @property
    def empty(self) -> bool:
        """Nothing was due."""
        return not self.claims and not self.settled


def claim_bulk(session: Session, at: datetime, limit: int) -> BulkBatch:
    """Up to `limit` bulk messages that are due, each claimed until `at` + LEASE.

    Those that are too late are dropped; those whose worker died after it had begun them fail visibly.
    """
    rows = session.execute(outbox.QUEUE.lock(_BULK, at, limit)).all()
    begun = [_claim(row) for row in rows if row.begun_at is not None]
    rest = [_claim(row) for row in rows if row.begun_at is None]
    late = [one for one in rest if _expired(one, at)]
    fresh = [one for one in rest if not _expired(one, at)]
    died = f"the worker that sent it died: {MAY_HAVE_ARRIVED}"
    _settle(session, begun, OutboxState.failed, died)
    _settle(session, late, OutboxState.dropped, TOO_LATE)
    _take(session, fresh, at)
    return BulkBatch([replace(one, attempts=one.attempts + 1) for one in fresh], len(begun + late))


def _take(session: Session, claims: Iterable[EmailClaim], at: datetime) -> None:
    outbox.QUEUE.take(session, [claim.id for claim in claims], at, outbox.LEASE)


def _claim(row: Row[*tuple[object, ...]]) -> EmailClaim:
    found = row._asdict()
    del found["begun_at"]
    return EmailClaim(**found)


def _expired(claim: EmailClaim, at: datetime) -> bool:
    return claim.expires_at is not None and claim.expires_at <= at


def _settle(session: Session, claims: Iterable[EmailClaim], state: OutboxState, why: str) -> None:
    """They are over without being sent."""
    _change(session, claims, state=state.value, lease_until=None, last_error=why)
    for claim in claims:
        _forget(session, claim)


def _change(session: Session, claims: Iterable[EmailClaim], **values: object) -> None:
    ids = [claim.id for claim in claims]
    if ids:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def begin_bulk(session: Session, claim: EmailClaim, at: datetime) -> bool:
    """The last look at one bulk message; True when it is to be sent, and then it is begun for good.

    Commit before the mail server is spoken to. Where it is not to be sent, its row says why, or waits.
    """
    if _expired(claim, at):
        drop(session, claim, TOO_LATE)
        return False
    if reason := eligibility.ineligibility_reason(session, claim, at):
        drop(session, claim, reason)
        return False
    later = eligibility.postponed_until(session, claim, at)
    if later is None:
        return _begin(session, claim, at)
    if _expired(claim, later):
        drop(session, claim, "its time ends within the reader's quiet hours, or a pause")
    else:
        outbox.put_back(session, claim, later, attempts=claim.attempts - 1)
    return False


def _begin(session: Session, claim: EmailClaim, at: datetime) -> bool:
    return outbox.QUEUE.change(session, _BEGUN, claim, moment=at)


def record_outcome(
    session: Session, claim: EmailClaim, error: Exception | None, at: datetime
) -> None:
    """How the attempt to send one message ended; None: the receiving server took it.

    An error that is none of the mail room's says that it was never handed over.
    """
    if error is None:
        over = outbox.mark_sent(session, claim, at)
    elif isinstance(error, MailRefused):
        over = outbox.mark_refused(session, claim, str(error))
        if error.recipient:
            _suppress(session, claim, error)
    elif isinstance(error, MailUnknown) and claim.bulk:
        words = f"{MAY_HAVE_ARRIVED}: {error}"[:1000]
        over = outbox.QUEUE.finish(session, claim, state=OutboxState.failed.value, last_error=words)
    else:
        words = str(error) if isinstance(error, MailDelayed | MailUnknown) else repr(error)
        over = outbox.mark_delayed(session, claim, words, at)
    if over:
        _forget(session, claim)


def drop(session: Session, claim: EmailClaim, reason: str) -> None:
    """There is no point in it any more."""
    if outbox.mark_dropped(session, claim, reason):
        _forget(session, claim)


def _suppress(session: Session, claim: EmailClaim, error: MailRefused) -> None:
    """The address itself was refused: it gets no more appeals."""
    reason = SuppressionReason.refused
    suppressions.suppress(session, claim.recipient, reason, detail=str(error)[:1000])


def _forget(session: Session, claim: EmailClaim) -> None:
    """A reminder is over, whatever became of it: the address is not kept for another. Nor that of who was erased."""
    if claim.kind == EmailKind.reminder:
        reminders.erase_reminder(session, claim)
    if donor_page.is_erasure_note(claim):
        donor_page.redact_note(session, claim)
