"""The last check before an email is sent, and how its outcome is recorded. Used by the sending code.

A campaign email is started at most once: `begun_at` is committed before the mail server is contacted. If a worker dies
after that, the email may or may not have arrived. It is not sent again, and staff see it as failed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Row, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from campaign.core.claims import MOMENT
from campaign.core.errors import MailDelayed, MailRefused, MailUnknown
from campaign.core.refused_replies import RefusedReply
from campaign.donor_portal import emails as donor_page
from campaign.mailer import circuit_breaker, outbox, suppressions
from campaign.mailer.circuit_breaker import lane_of
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause
from campaign.models import Campaign, OutboxMessage, OutboxState, SuppressionReason
from campaign.outreach import eligibility, email_cap, extension_notices, reminders

MAY_HAVE_ARRIVED = "it may have arrived and is not sent again"
TOO_LATE = "it expired before it could be sent"
REFUSES_EVERYBODY = "the mail server refuses everybody"
APART = timedelta(minutes=1)
"""Between messages that are queued again because the mail server refused several in a row."""
RENDER_AGAIN = timedelta(seconds=5)
"""How long a shared text is used; after this it is written anew, with the figures and the deadline of then."""

_BEGUN = outbox.QUEUE.ours.where(
    outbox.MESSAGES.c.begun_at.is_(None), outbox.MESSAGES.c.lease_until > MOMENT
).values(begun_at=MOMENT)

# What an email says about the end is kept with it: after an extension, those who were told another end are told.
_BEGUN_ASKING = _BEGUN.values(
    details=outbox.MESSAGES.c.details.op("||", return_type=JSONB())(
        func.jsonb_build_object(extension_notices.END, bindparam("named_end", type_=Text()))
    )
)

# Only the order of the index: a whole list of recipients is due at one moment and would be sorted for each batch.
_BULK = (
    select(*CLAIMED, outbox.MESSAGES.c.begun_at)
    .where(outbox.MESSAGES.c.bulk.is_(True))
    .order_by(outbox.MESSAGES.c.next_attempt_at)
)


@dataclass(frozen=True)
class BulkBatch:
    """The claimed campaign emails, and how many others were closed without being sent."""

    claims: list[EmailClaim]
    settled: int

    @property
    def empty(self) -> bool:
        """Whether nothing was due."""
        return not self.claims and not self.settled


def claim_bulk(session: Session, at: datetime, limit: int) -> BulkBatch:
    """Claim up to `limit` campaign emails that are due, each until `at` + LEASE.

    Expired ones are dropped. Those whose worker died after it started them are marked as failed.
    """
    rows = session.execute(outbox.QUEUE.lock(_BULK, at, limit)).all()
    begun = [_claim(row) for row in rows if row.begun_at is not None]
    rest = [_claim(row) for row in rows if row.begun_at is None]
    late = [one for one in rest if _expired(one, at)]
    fresh = [one for one in rest if not _expired(one, at)]
    died = f"the worker that was sending it died: {MAY_HAVE_ARRIVED}"
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
    """Close the emails without sending them."""
    _change(session, claims, state=state.value, lease_until=None, last_error=why)
    for claim in claims:
        forget(session, claim)


def _change(session: Session, claims: Iterable[EmailClaim], **values: object) -> None:
    ids = [claim.id for claim in claims]
    if ids:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


@dataclass(frozen=True)
class SendTerms:
    """What an email that asks must keep to: `cap` is `EMAIL_CAP`, `deadline` the end that its text names.

    Without a deadline, the email is taken to name the current one.
    """

    cap: int = email_cap.DEFAULT_CAP
    deadline: datetime | None = None


def begin_bulk(
    session: Session, claim: EmailClaim, at: datetime, terms: SendTerms | None = None
) -> bool:
    """Check one campaign email for the last time. Return True if it should be sent; it then counts as started.

    Commit before contacting the mail server. If it should not be sent, its row says why or is postponed.
    """
    if _expired(claim, at):
        drop(session, claim, TOO_LATE)
        return False
    if reason := eligibility.ineligibility_reason(session, claim, at):
        drop(session, claim, reason)
        return False
    later = eligibility.postponed_until(session, claim, at)
    if later is not None:
        return _postpone(session, claim, later, "the recipient's quiet hours or a pause")
    if email_cap.is_counted(claim.kind):
        return _begin_asking(session, claim, at, terms or SendTerms())
    return outbox.QUEUE.change(session, _BEGUN, claim, moment=at)


def _begin_asking(session: Session, claim: EmailClaim, at: datetime, terms: SendTerms) -> bool:
    """Begin an email that counts toward the reader's cap, if there is room and its text is still right."""
    campaign = session.get_one(Campaign, claim.campaign_id)
    if terms.deadline is not None and terms.deadline != campaign.deadline:
        # The deadline moved after the text was written: write it again.
        return _postpone(session, claim, at + RENDER_AGAIN, "a change of the deadline")
    email_cap.lock_reader(session, claim.recipient)
    if claim.kind == EmailKind.extension:
        if reason := extension_notices.obsolete_reason(session, claim, campaign):
            drop(session, claim, reason)
            return False
    elif room := email_cap.room_from(session, claim.recipient, at, terms.cap):
        cause = f"the recipient had {terms.cap} appeal emails in seven days"
        return _postpone(session, claim, room, cause)
    end = extension_notices.named_end(campaign.deadline)
    return outbox.QUEUE.change(session, _BEGUN_ASKING, claim, moment=at, named_end=end)


def _postpone(session: Session, claim: EmailClaim, later: datetime, cause: str) -> bool:
    if _expired(claim, later):
        drop(session, claim, f"it expires before it can be sent, because of {cause}")
    else:
        outbox.put_back(session, claim, later, attempts=claim.attempts - 1)
    return False


def record_outcome(
    session: Session,
    claim: EmailClaim,
    error: Exception | None,
    at: datetime,
    *,
    connection: str = "",
) -> bool:
    """Record the outcome of sending one email over `connection`. `error` is None if the mail server accepted it.

    Any error that is not a mail error means that the message never reached the mail server. Return whether the mail
    server refuses everybody, so that the caller must stop.
    """
    if error is None:
        for refused in circuit_breaker.record_acceptance(session, lane_of(claim), at, connection):
            forget(session, refused)
        over, stop = outbox.mark_sent(session, claim, at), False
    elif isinstance(error, MailRefused | MailDelayed) and (reply := _reply_of(error)):
        over, stop = _record_refusal(session, claim, error, reply, at, connection)
    else:
        over = _record_failure(session, claim, error, at)
        stop = circuit_breaker.is_stopped(session, lane_of(claim))
    if over:
        forget(session, claim)
    return stop


def _reply_of(error: MailRefused | MailDelayed) -> RefusedReply | None:
    if isinstance(error, MailRefused) and error.recipient and error.reply is None:
        return RefusedReply(RefusalAbout.address, RefusalCause.unknown, str(error))
    return error.reply


def _record_failure(session: Session, claim: EmailClaim, error: Exception, at: datetime) -> bool:
    """Record an error that the mail server did not state. Return whether the message is over."""
    if isinstance(error, MailRefused):
        return outbox.mark_refused(session, claim, str(error))
    if isinstance(error, MailUnknown) and claim.bulk:
        words = f"{MAY_HAVE_ARRIVED}: {error}"[:1000]
        return outbox.QUEUE.finish(session, claim, state=OutboxState.failed.value, last_error=words)
    words = str(error) if isinstance(error, MailDelayed | MailUnknown) else repr(error)
    return outbox.mark_delayed(session, claim, words, at)


def _record_refusal(
    session: Session,
    claim: EmailClaim,
    error: MailRefused | MailDelayed,
    reply: RefusedReply,
    at: datetime,
    connection: str,
) -> tuple[bool, bool]:
    """Record a refusal of the mail server; return whether the message is over, and whether to stop.

    An address is suppressed only if it is at fault. If it was the server after all, those refused before are queued
    again; apart from each other, so that addresses that really do not exist are not refused in a row again. What has
    to be forgotten about a refused message waits for `forget_refused`, because it may be queued again until then.
    """
    row = circuit_breaker.record_refusal(session, claim, reply, at, connection)
    if isinstance(error, MailRefused) and not row.stopped:
        if outbox.mark_refused(session, claim, str(error)):
            _suppress(session, claim, error)
        return False, False
    said = f"{REFUSES_EVERYBODY}: {circuit_breaker.without_addresses(reply.words)}"
    for place, (earlier, made) in enumerate(row.taken_back, start=1):
        apart = place * APART
        _take_back(session, earlier, at, words=said, apart=apart, suppression_id=made)
    words = said if row.stopped else str(error)
    return outbox.mark_delayed(session, claim, words, at), row.stopped


def _take_back(
    session: Session,
    claim: EmailClaim,
    at: datetime,
    *,
    words: str,
    apart: timedelta,
    suppression_id: int | None,
) -> None:
    if suppression_id is not None:
        suppressions.take_back_refusal(session, suppression_id)
    if outbox.reclaim(session, claim) and outbox.mark_delayed(
        session, claim, words, at, apart=apart
    ):
        forget(session, claim)


def drop(session: Session, claim: EmailClaim, reason: str) -> None:
    """Record that the email is obsolete."""
    if outbox.mark_dropped(session, claim, reason):
        forget(session, claim)


def _suppress(session: Session, claim: EmailClaim, error: MailRefused) -> None:
    """Suppress an address that was itself refused."""
    reason = SuppressionReason.refused
    if suppressions.suppress(session, claim.recipient, reason, detail=str(error)[:1000]):
        circuit_breaker.note_suppression(session, claim)


def forget_refused(session: Session) -> None:
    """Forget what has to be forgotten about the messages that were refused. Called when nothing more is due."""
    for claim in circuit_breaker.refused_messages(session):
        forget(session, claim)


def forget(session: Session, claim: EmailClaim) -> None:
    """Delete the address of a finished reminder, and of the last email to an erased donor."""
    if claim.kind == EmailKind.reminder:
        reminders.erase_reminder(session, claim)
    if donor_page.is_erasure_note(claim):
        donor_page.redact_note(session, claim)
