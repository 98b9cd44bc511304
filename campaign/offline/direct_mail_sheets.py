"""The sheet mailed to one recipient: address, appeal, instructions to give by mail, and coupon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import segno
from markdown_it import MarkdownIt
from markdown_it.token import Token

from campaign.campaigns import formatting
from campaign.campaigns.localized_texts import texts_in_language
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.core.i18n import Language, get_language
from campaign.core.settings import Organization
from campaign.models import Campaign
from campaign.offline.direct_mail_codes import shared_code
from campaign.offline.direct_mail_list import DirectMailRecipient
from campaign.receipts.pdf_documents import ADDRESSES
from campaign.receipts.typesetting import render_pdf


def direct_mail_pdf(sheets: Sequence[dict[str, Any]], window: str = "us") -> bytes:
    """Return a PDF with one page for each of `sheets` (see `sheet_context`). `window` is a key of ADDRESSES.

    The appeal is cut at a paragraph if it does not fit; a line then says where to read the rest.
    """
    written = {one["appeal"]: markdown_blocks(one["appeal"]) for one in sheets}
    values = {
        # Without the recipient's name: PDF viewers show the title.
        "title": f"{sheets[0]['organization']}: {sheets[0]['title']}",
        "lang": sheets[0]["lang"],
        "pages": [{**one, "appeal": written[one["appeal"]]} for one in sheets],
        "pictures": {
            address: _qr(address) for address in dict.fromkeys(one["qr"] for one in sheets)
        },
    }
    return render_pdf("direct_mail", values | ADDRESSES[window])


def _qr(address: str) -> str:
    """Return the QR code as SVG (ISO/IEC 18004, level M)."""
    drawn: str = segno.make(address, error="m", micro=False).svg_inline(border=0, scale=4)
    return drawn


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable(["replacements", "smartquotes"])

# What a token starts or ends: the kind of the following block, and the depth of list items.
_KIND_FROM = {"heading_open": "heading", "heading_close": "paragraph"}
_ITEMS = {"list_item_open": 1, "list_item_close": -1}


def markdown_blocks(markdown: str) -> list[dict[str, Any]]:
    """Split Markdown into blocks, in order. `kind` is heading, paragraph or item; `runs` are pairs (text, bold)."""
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
class MailingBatch:
    """What the sheets of one batch share: the progress, the organization and the site's URL."""

    progress: Progress
    organization: Organization
    site_url: str


def sheet_context(batch: MailingBatch, recipient: DirectMailRecipient, code: str) -> dict[str, Any]:
    """Return the context of one sheet, in the recipient's language. `code` is the recipient's coupon code; the value
    `address` has the lines for the envelope's window.
    """
    campaign, language = batch.progress.campaign, get_language(recipient.locale)
    texts = texts_in_language(language.locale, campaign)
    page = f"{batch.site_url}/c/{campaign.slug}"
    return {
        "lang": language.locale,
        "organization": batch.organization.name,
        "organization_lines": list(batch.organization.address_lines),
        "address": recipient.window,
        "title": texts.title.text,
        "appeal": texts.appeal.text,
        "text_lang": texts.appeal.locale,
        "aim": _aim(campaign, language),
        "figure": _figure(batch.progress, language),
        "page": page,
        "qr": f"{page}?code={shared_code(campaign)}" + (language.query and f"&{language.query}"),
        "code": code,
        **_how(batch, campaign, language),
        **_coupon(campaign, recipient, language),
        **_foot(batch.organization, language),
    }


def _aim(campaign: Campaign, language: Language) -> str:
    return language.gettext("%(goal)s to raise by %(day)s") % {
        "goal": formatting.amount(campaign.goal, campaign.currency, language),
        "day": _last_day(campaign, language),
    }


def _last_day(campaign: Campaign, language: Language) -> str:
    return formatting.long_date(clock.last_day(campaign.deadline, campaign.zone), language)


def _figure(progress: Progress, language: Language) -> str:
    """Return the amount raised with its date, as paper does not update. '' while the figures are hidden."""
    if progress.hidden:
        return ""
    day = formatting.date_there(progress.as_of, progress.campaign.zone, language)
    return language.gettext("%(figure)s, as of %(day)s.") % {
        "figure": formatting.raised_so_far(progress, language),
        "day": day,
    }


def _how(batch: MailingBatch, campaign: Campaign, language: Language) -> dict[str, str]:
    payee = {"payee": batch.organization.name}
    postmark = language.gettext("Checks postmarked by %(day)s count toward this campaign.")
    return {
        "how_word": language.gettext("How to give by mail"),
        "how": language.gettext(
            "Make a check or money order payable to %(payee)s and send it with the coupon to:"
        )
        % payee,
        "postmark": postmark % {"day": _last_day(campaign, language)},
        "no_cash": language.gettext("Please do not send cash."),
        "online": language.gettext("A friend or relative can also give online:"),
        "rest": language.gettext("Read the full text at %(address)s.")
        % {"address": f"{batch.site_url}/c/{campaign.slug}"},
    }


def _coupon(
    campaign: Campaign, recipient: DirectMailRecipient, language: Language
) -> dict[str, Any]:
    suggested = campaign.suggested_amounts[:_SUGGESTED]
    return {
        "coupon_word": language.gettext("Coupon"),
        "code_word": language.gettext("Code"),
        "gift_word": language.gettext("My gift:"),
        "other_word": language.gettext("other"),
        "amounts": [formatting.amount(one, campaign.currency, language) for one in suggested],
        "from_word": language.gettext("From"),
        "from": ", ".join(one for one in (recipient.name, recipient.number) if one),
        "moved_word": language.gettext("My new address, if it has changed"),
        "unnamed": language.gettext("Do not publish my name"),
    }


def _foot(organization: Organization, language: Language) -> dict[str, str]:
    free = language.gettext(
        "%(name)s stays free to read, for those who give and for those who cannot."
    ) % {"name": organization.name}
    sentences = [free, language.gettext("Please give only what you can easily afford.")]
    sentences += [f"EIN {organization.ein}."] if organization.ein else []
    return {"foot": " ".join([*sentences, organization.registration or ""]).strip()}
