"""What stands on the sheet that is posted to one reader: their address, the appeal, how to give, and their coupon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import segno
from markdown_it import MarkdownIt
from markdown_it.token import Token

from campaign.campaigns import formatting
from campaign.campaigns.localized_texts import spoken_in
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.core.i18n import Words, words
from campaign.core.settings import Organization
from campaign.models import Campaign
from campaign.offline.direct_mail_codes import counted_code
from campaign.offline.direct_mail_list import DirectMailRecipient
from campaign.receipts.pdf_documents import ADDRESSES
from campaign.receipts.typesetting import set_pdf


def posted_appeals_pdf(sheets: Sequence[dict[str, Any]], window: str = "us") -> bytes:
    """A sheet for each of `sheets` (`offline.direct_mail_sheets`), each on one page; `window` is a name in ADDRESSES.

    As much of the appeal is set as there is room for, in whole paragraphs; then it is told where the rest is.
    """
    written = {one["appeal"]: blocks(one["appeal"]) for one in sheets}
    values = {
        # It names no reader: programs show it in their windows.
        "title": f"{sheets[0]['organization']}: {sheets[0]['title']}",
        "lang": sheets[0]["lang"],
        "pages": [{**one, "appeal": written[one["appeal"]]} for one in sheets],
        "pictures": {
            address: _qr(address) for address in dict.fromkeys(one["qr"] for one in sheets)
        },
    }
    return set_pdf("posted_appeals", values | ADDRESSES[window])


def _qr(address: str) -> str:
    """The QR code as SVG (ISO/IEC 18004, level M)."""
    drawn: str = segno.make(address, error="m", micro=False).svg_inline(border=0, scale=4)
    return drawn


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable(["replacements", "smartquotes"])

# What a token begins or ends: the kind of block from here on, and how deep in items we are.
_KIND_FROM = {"heading_open": "heading", "heading_close": "paragraph"}
_ITEMS = {"list_item_open": 1, "list_item_close": -1}


def blocks(markdown: str) -> list[dict[str, Any]]:
    """Each block, in order: `kind` is heading, paragraph or item; `runs` are pairs of a text and whether it is bold."""
    return list(_blocks(_MARKDOWN.parse(markdown)))


def _blocks(tokens: list[Token]) -> Iterator[dict[str, Any]]:
    kind, items = "paragraph", 0
    for token in tokens:
        kind = _KIND_FROM.get(token.type, kind)
        items += _ITEMS.get(token.type, 0)
        if token.type == "inline":
            runs = _joined(_runs(token.children or []))
            if runs:
                yield {"kind": "item" if items else kind, "runs": runs}
        elif token.type in {"code_block", "fence"}:
            yield {"kind": "paragraph", "runs": [[token.content, False]]}


def _runs(tokens: list[Token]) -> Iterator[tuple[str, bool]]:
    bold = False
    for token in tokens:
        if token.type in {"strong_open", "strong_close"}:
            bold = token.type == "strong_open"
        elif token.type in {"softbreak", "hardbreak"}:
            yield " ", bold
        elif token.content:
            yield token.content, bold


def _joined(runs: Iterator[tuple[str, bool]]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for text, bold in runs:
        if found and found[-1][1] == bold:
            found[-1][0] += text
        else:
            found.append([text, bold])
    return found


_SUGGESTED = 5


@dataclass(frozen=True)
class Batch:
    """What the sheets of one batch share: the figure, whose it is and where."""

    progress: Progress
    organization: Organization
    site_url: str


def sheet_context(batch: Batch, recipient: DirectMailRecipient, code: str) -> dict[str, Any]:
    """One sheet, in the reader's language. `code` is their coupon's; `address` is what the envelope's window shows."""
    campaign, said = batch.progress.campaign, words(recipient.locale)
    told = spoken_in(said.locale, campaign)
    page = f"{batch.site_url}/c/{campaign.slug}"
    return {
        "lang": said.locale,
        "organization": batch.organization.name,
        "organization_lines": list(batch.organization.address_lines),
        "address": recipient.window,
        "title": told.title.text,
        "appeal": told.appeal.text,
        "text_lang": told.appeal.locale,
        "aim": _aim(campaign, said),
        "figure": _figure(batch.progress, said),
        "page": page,
        "qr": f"{page}?code={counted_code(campaign)}" + (said.asked_by and f"&{said.asked_by}"),
        "code": code,
        **_how(batch, campaign, said),
        **_coupon(campaign, recipient, said),
        **_foot(batch.organization, said),
    }


def _aim(campaign: Campaign, said: Words) -> str:
    return said.gettext("%(goal)s to raise by %(day)s") % {
        "goal": formatting.amount(campaign.goal, campaign.currency, said),
        "day": _last_day(campaign, said),
    }


def _last_day(campaign: Campaign, said: Words) -> str:
    return formatting.long_date(clock.last_day(campaign.deadline, campaign.zone), said)


def _figure(progress: Progress, said: Words) -> str:
    """Marked with its day: paper does not move. '' while the figures are told to nobody."""
    if progress.hidden:
        return ""
    day = formatting.date_there(progress.as_of, progress.campaign.zone, said)
    return said.gettext("%(figure)s, as of %(day)s.") % {
        "figure": formatting.raised_so_far(progress, said),
        "day": day,
    }


def _how(batch: Batch, campaign: Campaign, said: Words) -> dict[str, str]:
    payee = {"payee": batch.organization.name}
    postmark = said.gettext("A gift postmarked by %(day)s counts for this campaign.")
    return {
        "how_word": said.gettext("How to give by mail"),
        "how": said.gettext(
            "Make a check or money order payable to %(payee)s and send it with the coupon to:"
        )
        % payee,
        "postmark": postmark % {"day": _last_day(campaign, said)},
        "no_cash": said.gettext("Please send no cash."),
        "online": said.gettext("Somebody you know can also give here:"),
        "rest": said.gettext("The whole text is at %(address)s.")
        % {"address": f"{batch.site_url}/c/{campaign.slug}"},
    }


def _coupon(campaign: Campaign, recipient: DirectMailRecipient, said: Words) -> dict[str, Any]:
    suggested = campaign.suggested_amounts[:_SUGGESTED]
    return {
        "coupon_word": said.gettext("Coupon"),
        "code_word": said.gettext("Code"),
        "gift_word": said.gettext("My gift:"),
        "other_word": said.gettext("other"),
        "amounts": [formatting.amount(one, campaign.currency, said) for one in suggested],
        "from_word": said.gettext("From"),
        "from": ", ".join(one for one in (recipient.name, recipient.number) if one),
        "moved_word": said.gettext("My address, if it is another now"),
        "unnamed": said.gettext("Do not name me in public"),
    }


def _foot(organization: Organization, said: Words) -> dict[str, str]:
    free = said.gettext(
        "%(name)s stays free to read, for those who give and for those who cannot."
    ) % {"name": organization.name}
    told = [free, said.gettext("Nobody is asked to give more than is easy.")]
    told += [f"EIN {organization.ein}."] if organization.ein else []
    return {"foot": " ".join([*told, organization.registration or ""]).strip()}
