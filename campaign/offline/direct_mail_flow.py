"""Direct mail, from a list of recipients to one PDF: for the command `direct-mail` and the staff page.

Nothing is stored between reading and printing. Coupons, audit entry and sheets belong to one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.progress import read_progress
from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignNotOpen
from campaign.offline.direct_mail_codes import save_coupons
from campaign.offline.direct_mail_list import DirectMailRecipient, read_recipients
from campaign.offline.direct_mail_sheets import MailingBatch, direct_mail_pdf, sheet_context
from campaign.receipts.font_coverage import printable
from campaign.runtime.context import Installation


@dataclass(frozen=True)
class RecipientList:
    """A parsed list: the recipients, and the rejected lines."""

    ready: Sequence[DirectMailRecipient]
    refused: Sequence[RejectedLine]


def read_recipient_list(session: Session, slug: str, raw: bytes) -> RecipientList:
    """Read the CSV file `raw` for the campaign `slug`.

    Raises NotFound, ListInvalid if the file as a whole cannot be read, and CampaignNotOpen after the deadline.
    """
    campaign = find_campaign(session, slug)
    if clock.now() >= campaign.deadline:
        raise CampaignNotOpen(
            f"{slug} has ended, so gifts by mail would no longer count. `campaign extend` moves its deadline."
        )
    rows = [
        row if isinstance(row, RejectedLine) else _require_printable(*row)
        for row in read_recipients(raw, campaign.locale)
    ]
    return RecipientList(
        [row for row in rows if isinstance(row, DirectMailRecipient)],
        [row for row in rows if isinstance(row, RejectedLine)],
    )


def _require_printable(line: int, one: DirectMailRecipient) -> DirectMailRecipient | RejectedLine:
    """Reject an address with characters that the font lacks: the mail would not arrive."""
    for shown in one.window:
        if printable(shown) != shown:
            return RejectedLine(line, f"{shown!r} has characters that our font cannot print")
    return one


def print_appeals(
    session: Session,
    installation: Installation,
    slug: str,
    found: RecipientList,
    window: str,
    actor: Actor,
    *,
    file: str,
) -> bytes:
    """Return a PDF with a sheet for each recipient in `found`, which has at least one. `file` is the PDF's name.

    The coupons are saved in the caller's transaction, so that exactly the printed codes are stored.
    """
    campaign, at, settings = find_campaign(session, slug), clock.now(), installation.settings
    batch = MailingBatch(
        read_progress(session, campaign, at), settings.organization, settings.site_url
    )
    codes = save_coupons(session, campaign, found.ready, at)
    sheets = [sheet_context(batch, one, code) for one, code in zip(found.ready, codes, strict=True)]
    values = {"printed": len(found.ready), "refused": len(found.refused), "file": file}
    subject = Subject("campaign", slug, campaign.id)
    record(session, actor, "direct_mail.printed", subject, after=values)
    return direct_mail_pdf(sheets, window)
