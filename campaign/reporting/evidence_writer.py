"""The parts of the evidence about a disputed gift, and how times, amounts and deliveries are written in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaign.campaigns import formatting
from campaign.core import money
from campaign.core.i18n import ENGLISH, get_language
from campaign.core.settings import Organization
from campaign.models import Donation, OutboxMessage, OutboxState
from campaign.reporting.dispute_evidence import DisputeEvidence, StripeAnswers

_ENGLISH = get_language(ENGLISH)

LISTED = 24
"""The most rows of one table: with more, the file would have more pages than a network accepts."""


@dataclass(frozen=True)
class EvidenceSection:
    """One group of evidence. `says`: what it shows. `rows` are (label, value); a table has `columns` and `cells`."""

    key: str
    title: str
    says: str
    rows: Sequence[tuple[str, str]] = ()
    columns: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()
    paragraphs: Sequence[str] = ()


@dataclass(frozen=True)
class EvidenceWriter:
    """Words for one dispute. `zone` is the organization's time zone, in which all times are written."""

    evidence: DisputeEvidence
    stripe: StripeAnswers
    organization: Organization

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.organization.timezone)

    def moment(self, at: datetime) -> str:
        """Write `December 22, 2026, 2:05 p.m. PST`."""
        day = formatting.date_there(at, self.zone, _ENGLISH)
        return f"{day}, {formatting.time_with_zone(at, self.zone, _ENGLISH)}"

    def day(self, at: datetime) -> str:
        """Write `Dec 22, 2026`."""
        return formatting.short_date(at.astimezone(self.zone).date(), _ENGLISH)

    def charge(self, donation: Donation) -> str:
        """Write what was charged: `$26.10 USD`."""
        return money.with_code(donation.charge, donation.currency)


def delivery(writer: EvidenceWriter, mail: OutboxMessage) -> str:
    """Say what became of an email."""
    to = f" for {mail.recipient}" if mail.recipient else ""
    if mail.bounced_at:
        return f"bounced on {writer.moment(mail.bounced_at)}"
    if mail.sent_at:
        return f"accepted by the mail server{to} on {writer.moment(mail.sent_at)}; no bounce is recorded"
    waiting = (OutboxState.queued.value, OutboxState.sending.value)
    return "not sent yet" if mail.state in waiting else "not sent"
