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
from campaign.core.csv_lists import Refusal
from campaign.core.errors import CampaignNotOpen
from campaign.offline.direct_mail_codes import keep_coupons
from campaign.offline.direct_mail_list import DirectMailRecipient, read_recipients
from campaign.offline.direct_mail_sheets import Batch, posted_appeals_pdf, sheet_context
from campaign.receipts.font_coverage import printable
from campaign.runtime.context import Installation


@dataclass(frozen=True)
class ReadList:
    """A list as it was read: who can be written to, and the lines that cannot be taken."""

    ready: Sequence[DirectMailRecipient]
    refused: Sequence[Refusal]


def read_list(session: Session, slug: str, raw: bytes) -> ReadList:
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
        row if isinstance(row, Refusal) else _settable(*row)
        for row in read_recipients(raw, campaign.locale)
    ]
    return ReadList(
        [row for row in rows if isinstance(row, DirectMailRecipient)],
        [row for row in rows if isinstance(row, Refusal)],
    )


def _settable(line: int, one: DirectMailRecipient) -> DirectMailRecipient | Refusal:
    """An address in letters that the typeface lacks would reach nobody."""
    for shown in one.window:
        if printable(shown) != shown:
            return Refusal(line, f"{shown!r} has letters that our typeface lacks")
    return one


def print_appeals(
    session: Session,
    installation: Installation,
    slug: str,
    found: ReadList,
    window: str,
    actor: Actor,
    *,
    file: str,
) -> bytes:
    """The PDF of a sheet for each who is ready, of whom there is one at least; `file` is what it will be called.

    The coupons are kept in the caller's transaction: what is in the file is known, and what is not was not printed.
    """
    campaign, at, settings = find_campaign(session, slug), clock.now(), installation.settings
    batch = Batch(read_progress(session, campaign, at), settings.organization, settings.site_url)
    codes = keep_coupons(session, campaign, found.ready, at)
    sheets = [sheet_context(batch, one, code) for one, code in zip(found.ready, codes, strict=True)]
    told = {"printed": len(found.ready), "refused": len(found.refused), "file": file}
    record(
        session, actor, "posted_appeals.printed", Subject("campaign", slug, campaign.id), after=told
    )
    return posted_appeals_pdf(sheets, window)
