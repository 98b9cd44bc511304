"""The review queue as rows for the dashboard: a description, a link, and who has reviewed it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from campaign.audit.heartbeats import JobStatus
from campaign.campaigns.finalization import LateEntry
from campaign.core import money
from campaign.mailer.kinds import EmailKind
from campaign.mailer.refusal_advice import describe_outage
from campaign.models import Acknowledgment, MailOutage, Siege
from campaign.reconciliation.runs import UnresolvedRun
from campaign.reporting.review_queue import (
    ActionableWarning,
    FailedEmail,
    OpenDispute,
    PendingErasure,
    ProblemRefund,
    Review,
    StuckEmails,
    UnappliedEvent,
    UnmatchedEvidence,
)

ERASE_WITHIN = timedelta(days=30)
"""The time that we promise donors: https://gdpr.eu/article-12-how-controllers-should-provide-personal-data-to-the-subject/"""
MOST = 25
"""The most items shown of a group; there may be thousands."""
_WARNINGS = "Fraud warnings: refund now to avoid a dispute"
_LATE = "Late entries that are not in the final result"
_UNPLACED = "Unmatched refunds and disputes"
_URGENT = ("dispute", "warning", "refund", "siege", "job", "mail_outage", "stuck")


class ReviewRow(NamedTuple):
    """The text of an item. `url` is its page, or ''; `until` is a due date."""

    text: str
    url: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Item:
    """One item. `url` is its page, or ''; `until` is a due date. Without a `key` it cannot be marked as reviewed: it
    disappears once the problem is solved.
    """

    kind: str
    key: str
    text: str
    url: str
    until: datetime | None
    seen_by: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True)
class Group:
    """The items of one kind: `number` counts all of them, `items` has the first MOST.

    `urgent`: some are not reviewed yet, and waiting costs money.
    """

    title: str
    number: int
    items: list[Item]
    urgent: bool


Marks = Mapping[tuple[str, str], Acknowledgment]


def groups(review: Review, marks: Marks) -> list[Group]:
    """Return the kinds that have any items, the most urgent first."""
    found: tuple[
        tuple[str, str, Sequence[Any], Callable[[Any], ReviewRow], Callable[[Any], object]], ...
    ]
    found = (
        ("Disputes and inquiries", "dispute", review.disputes, _dispute, _dispute_key),
        (_WARNINGS, "warning", review.warnings, _warning, _stripe_id),
        ("Refunds with problems", "refund", review.refunds, _refund, _refund_key),
        ("Card testing", "siege", review.sieges, _siege, _id),
        ("Overdue jobs", "job", review.overdue_jobs, _job, _no_key),
        ("Mail server refuses everybody", "mail_outage", review.outages, _outage, _no_key),
        ("Stuck emails", "stuck", review.stuck, _stuck, _no_key),
        ("Failed emails", "message", review.messages, _message, _id),
        ("Events that could not be applied", "event", review.events, _event, _id),
        (_LATE, "late_entry", review.late_entries, _late, _id),
        (_UNPLACED, "unmatched", review.unmatched, _unmatched, _name),
        ("Erasure requests", "erasure", review.erasures, _erasure, _id),
        ("Discrepancies with Stripe", "comparison", review.comparisons, _comparison, _no_key),
    )
    return [
        _group(title, kind, [(str(key(one)), one) for one in things], line, marks)
        for title, kind, things, line, key in found
        if things
    ]


def _group(
    title: str,
    kind: str,
    things: Sequence[tuple[str, Any]],
    line: Callable[[Any], ReviewRow],
    marks: Marks,
) -> Group:
    """Format only the items that are shown."""
    items = [_item(kind, key, line(one), marks) for key, one in things[:MOST]]
    urgent = kind in _URGENT and any((kind, key) not in marks for key, _ in things)
    return Group(title, len(things), items, urgent)


_id, _stripe_id = attrgetter("id"), attrgetter("stripe_id")


def _no_key(_: object) -> str:
    """Items of this kind disappear once the problem is solved."""
    return ""


def _dispute_key(one: OpenDispute) -> str:
    """An appeal has a deadline of its own: whoever reviewed the dispute has not reviewed it."""
    return f"{one.stripe_id}:appeal" if one.appealed else one.stripe_id


def _refund_key(one: ProblemRefund) -> str:
    return one.stripe_id or one.donation


def _item(kind: str, key: str, line: ReviewRow, marks: Marks) -> Item:
    mark = marks.get((kind, key))
    seen = (mark.acknowledged_by, mark.acknowledged_at) if mark else ("", None)
    return Item(kind, key, *line, *seen)


def _page(donation: str | None) -> str:
    return f"/staff/donations/{donation}" if donation else ""


def _amount(minor: int, currency: str) -> str:
    return money.format_money(minor, currency)


def _dispute(one: OpenDispute) -> ReviewRow:
    what = one.stage.capitalize()
    about = one.reason.replace("_", " ")
    text = (
        f"{what} about {_amount(one.amount, one.currency)}: {about}, {one.status.replace('_', ' ')}"
    )
    return ReviewRow(text, _page(one.donation), one.due_by)


def _warning(one: ActionableWarning) -> ReviewRow:
    text = f"{_amount(one.amount, one.currency)}: {one.fraud_type.replace('_', ' ')}"
    return ReviewRow(text, _page(one.donation))


def _refund(one: ProblemRefund) -> ReviewRow:
    why = f", {one.failure_reason}" if one.failure_reason else ""
    return ReviewRow(f"{_amount(one.amount, one.currency)}: {one.state}{why}", _page(one.donation))


def _job(one: JobStatus) -> ReviewRow:
    return ReviewRow(f"{one.job}: {one.sentence}")


def _siege(one: Siege) -> ReviewRow:
    return ReviewRow(
        f"Somebody tries cards: {one.reason}", "/staff/card-testing", until=one.began_at
    )


def _outage(one: MailOutage) -> ReviewRow:
    return ReviewRow(describe_outage(one).rstrip("."), "/staff/mail", until=one.opened_at)


def _stuck(one: StuckEmails) -> ReviewRow:
    page = f"/staff/mail?problem=stuck&kind={one.kind}"
    return ReviewRow(f"{one.number} {one.kind.replace('_', ' ')}", page, until=one.since)


def _message(one: FailedEmail) -> ReviewRow:
    text = f"{one.kind.replace('_', ' ')} {one.subject} to {one.recipient}: {_why(one.last_error)}"
    return ReviewRow(text, _email_url(one))


def _why(error: str | None) -> str:
    return " ".join((error or "no error recorded").split())


def _email_url(one: FailedEmail) -> str:
    """Return the donation of a tribute card's email, else a donor search for the recipient's address."""
    if one.kind == EmailKind.tribute_card:
        return _page(one.subject)
    return f"/staff/donors?{urlencode({'q': one.recipient})}" if one.recipient else ""


def _event(one: UnappliedEvent) -> ReviewRow:
    return ReviewRow(f"{one.type}, tried {one.attempts} times: {_why(one.last_error)}")


def _late(one: LateEntry) -> ReviewRow:
    text = f"{_amount(one.amount, one.currency)}: {one.kind.replace('_', ' ')} for {one.campaign}"
    return ReviewRow(text, _page(one.donation))


def _name(one: UnmatchedEvidence) -> str:
    return one.stripe_id or one.payment_intent_id or "unknown"


def _unmatched(one: UnmatchedEvidence) -> ReviewRow:
    search = urlencode({"q": one.payment_intent_id}) if one.payment_intent_id else ""
    return ReviewRow(f"{one.kind} {_name(one)}", f"/staff/account-payments?{search}")


def _comparison(one: UnresolvedRun) -> ReviewRow:
    what = "discrepancy" if one.left == 1 else "discrepancies"
    text = one.error or f"{one.left} {what} between the ledger and Stripe"
    return ReviewRow(text, f"/staff/reconciliations/{one.run_id}")


def _erasure(one: PendingErasure) -> ReviewRow:
    until = one.asked_at + ERASE_WITHIN
    return ReviewRow(
        f"Donor {one.donor_id}: {one.email}", f"/staff/donors/{one.donor_id}/erase", until
    )
