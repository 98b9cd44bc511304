"""What waits for a person, as lines for the dashboard: what it is, where it is settled, and who has looked at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from campaign import money
from campaign.models import ReviewMark
from campaign.services.review import FailedMessage, Review
from campaign.services.tributes import TRIBUTE_CARD

ERASE_WITHIN = timedelta(days=30)
"""What donors are told: https://gdpr.eu/article-12-how-controllers-should-provide-personal-data-to-the-subject/"""
_URGENT = ("dispute", "warning", "refund", "job", "stuck")


@dataclass(frozen=True)
class Item:
    """One thing. `url` is its page, or ''; `until` a due date. Without `key` it cannot be marked: it ends by itself."""

    kind: str
    key: str
    text: str
    url: str = ""
    until: datetime | None = None
    seen_by: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True)
class Group:
    """Things of one kind under their name."""

    title: str
    items: list[Item]

    @property
    def urgent(self) -> bool:
        """Whether nobody has looked at some of it, and it costs money to wait."""
        return any(item.kind in _URGENT and not item.seen_by for item in self.items)


def groups(review: Review, marks: Mapping[tuple[str, str], ReviewMark]) -> list[Group]:
    """The kinds of which there is anything, in the order in which they should be looked at."""
    found = (
        ("Disputes and inquiries", _disputes(review)),
        ("Fraud warnings: a refund now avoids a dispute", _warnings(review)),
        ("Refunds in trouble", _refunds(review)),
        ("Jobs that are silent", _jobs(review)),
        ("Mail that is stuck", _stuck(review)),
        ("Mail that failed", _messages(review)),
        ("Events from Stripe given up", _events(review)),
        ("Late entries, not in the final result", _late(review)),
        ("Returns that no donation is known for", _unplaced(review)),
        ("Donors who ask to be removed", _erasures(review)),
        ("Differences from Stripe", _comparisons(review)),
    )
    named = [Group(title, [_marked(item, marks) for item in items]) for title, items in found]
    return [group for group in named if group.items]


def _marked(item: Item, marks: Mapping[tuple[str, str], ReviewMark]) -> Item:
    mark = marks.get((item.kind, item.key))
    return replace(item, seen_by=mark.marked_by, seen_at=mark.marked_at) if mark else item


def _page(donation: str | None) -> str:
    return f"/staff/donations/{donation}" if donation else ""


def _amount(minor: int, currency: str) -> str:
    return money.format_money(minor, currency)


def _disputes(review: Review) -> Iterable[Item]:
    for one in review.disputes:
        what = "Inquiry" if one.status.startswith("warning_") else "Dispute"
        about = one.reason.replace("_", " ")
        text = f"{what} about {_amount(one.amount, one.currency)}: {about}, {one.status.replace('_', ' ')}"
        yield Item("dispute", one.stripe_id, text, _page(one.donation), one.due_by)


def _warnings(review: Review) -> Iterable[Item]:
    for one in review.warnings:
        text = f"{_amount(one.amount, one.currency)}: {one.fraud_type.replace('_', ' ')}"
        yield Item("warning", one.stripe_id, text, _page(one.donation))


def _refunds(review: Review) -> Iterable[Item]:
    for one in review.refunds:
        why = f", {one.failure_reason}" if one.failure_reason else ""
        text = f"{_amount(one.amount, one.currency)}: {one.state}{why}"
        yield Item("refund", one.stripe_id or one.donation, text, _page(one.donation))


def _jobs(review: Review) -> Iterable[Item]:
    for one in review.silent_jobs:
        yield Item("job", "", f"{one.job}: {one.sentence}")


def _stuck(review: Review) -> Iterable[Item]:
    for one in review.stuck:
        yield Item("stuck", "", f"{one.number} {one.kind.replace('_', ' ')}", until=one.since)


def _messages(review: Review) -> Iterable[Item]:
    for one in review.messages:
        why = " ".join((one.last_error or "no reason was kept").split())
        text = f"{one.kind.replace('_', ' ')} {one.subject} to {one.recipient}: {why}"
        yield Item("message", str(one.id), text, _of_letter(one))


def _of_letter(one: FailedMessage) -> str:
    """The gift that a card is about; else the donors with the address that did not take it."""
    if one.kind == TRIBUTE_CARD:
        return _page(one.subject)
    return f"/staff/donors?{urlencode({'q': one.recipient})}" if one.recipient else ""


def _events(review: Review) -> Iterable[Item]:
    for one in review.events:
        why = " ".join((one.last_error or "no reason was kept").split())
        yield Item("event", one.id, f"{one.type}, tried {one.attempts} times: {why}")


def _late(review: Review) -> Iterable[Item]:
    for one in review.late_entries:
        text = (
            f"{_amount(one.amount, one.currency)}: {one.kind.replace('_', ' ')} for {one.campaign}"
        )
        yield Item("late_entry", str(one.id), text, _page(one.donation))


def _unplaced(review: Review) -> Iterable[Item]:
    for one in review.unplaced:
        name = one.stripe_id or one.payment_intent_id or "unknown"
        yield Item("unplaced", name, f"{one.kind} {name}")


def _comparisons(review: Review) -> Iterable[Item]:
    for one in review.comparisons:
        text = one.error or f"{one.left} between the ledger and Stripe"
        yield Item("comparison", "", text, f"/staff/reconciliations/{one.run_id}")


def _erasures(review: Review) -> Iterable[Item]:
    for one in review.erasures:
        text = f"Donor {one.donor_id}: {one.email}"
        until = one.asked_at + ERASE_WITHIN
        yield Item("erasure", str(one.id), text, f"/staff/donors/{one.donor_id}/remove", until)
