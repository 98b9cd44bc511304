"""The appeal by post, from a list to one PDF: for the command `print-batch` and for the staff's page.

Between reading and printing nothing is stored; coupons, audit entry and sheets belong to one transaction.
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
    """A list as it was read: who can be written to, and the lines that cannot be taken."""

    ready: Sequence[DirectMailRecipient]
    refused: Sequence[RejectedLine]


def read_recipient_list(session: Session, slug: str, raw: bytes) -> RecipientList:
    """The CSV file `raw`, for the campaign `slug`.

    Raises NotFound, ListInvalid where the file as a whole cannot be read, and CampaignNotOpen once nothing by mail can
    count.
    """
    campaign = find_campaign(session, slug)
    if clock.now() >= campaign.deadline:
        raise CampaignNotOpen(
            f"{slug} has ended: a gift by mail would count no more. `campaign extend` moves its end."
        )
    rows = [
        row if isinstance(row, RejectedLine) else _settable(*row)
        for row in read_recipients(raw, campaign.locale)
    ]
    return RecipientList(
        [row for row in rows if isinstance(row, DirectMailRecipient)],
        [row for row in rows if isinstance(row, RejectedLine)],
    )


def _settable(line: int, one: DirectMailRecipient) -> DirectMailRecipient | RejectedLine:
    """An address in letters that the typeface lacks would reach nobody."""
    for shown in one.window:
        if printable(shown) != shown:
            return RejectedLine(line, f"{shown!r} has letters that our typeface lacks")
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
    """The PDF of a sheet for each who is ready, of whom there is one at least; `file` is what it will be called.

    The coupons are kept in the caller's transaction: what is in the file is known, and what is not was not printed.
    """
    campaign, at, settings = find_campaign(session, slug), clock.now(), installation.settings
    batch = MailingBatch(
        read_progress(session, campaign, at), settings.organization, settings.site_url
    )
    codes = save_coupons(session, campaign, found.ready, at)
    sheets = [sheet_context(batch, one, code) for one, code in zip(found.ready, codes, strict=True)]
    told = {"printed": len(found.ready), "refused": len(found.refused), "file": file}
    record(
        session, actor, "direct_mail.printed", Subject("campaign", slug, campaign.id), after=told
    )
    return direct_mail_pdf(sheets, window)
