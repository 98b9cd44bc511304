"""The print appeal: one sheet with a coupon, its code and a QR code, to print from the browser or to mail.

The sheet says when its figures were current, because paper does not update.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import segno
from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from campaign.campaigns import formatting
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.models import Campaign
from campaign.offline.coupon_codes import article_name, coupon_code
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending, present_progress
from campaign.web.appeal.page import appeal_html
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.appeal.sheet_layout import PAPERS, Sheet, sheet_height, text_height
from campaign.web.appeal.suggestions import present_mail, present_suggestions
from campaign.web.context import installation, live
from campaign.web.language import page_language

blueprint = Blueprint("printing", __name__)

SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)
"""How small a sheet may be drawn, if long titles, addresses and reasons leave no room for the appeal."""
LEAST_LINES = {"plain": 8, "large": 3}
"""How many lines of the appeal have to fit before anything else is left out or drawn smaller."""
_CACHE = "public, max-age=60"


@blueprint.get("/c/<slug>/print")
def sheet(slug: str) -> Response:
    """Show the sheet. `article` becomes part of the code; `size` is letter or a4; `large` selects large print."""
    snapshot = live().current(slug)
    progress = snapshot.progress
    campaign = progress.campaign
    spoken = campaign_texts(snapshot)
    large = request.args.get("large", "") not in {"", "0", "no"}
    asked = request.args.get("size", "")
    size = asked if asked in PAPERS else next(iter(PAPERS))
    article = article_name(request.args.get("article", ""))
    fixed = {
        "page_title": spoken.title.text,
        "campaign": {"slug": slug, "title": spoken.title.text, "state": progress.state.value},
        "progress": present_progress(progress),
        "aim": _aim(campaign),
        "end": ending(campaign),
        "suggested": present_suggestions(campaign)[:5],
        "mail": present_mail(campaign, installation().settings.organization),
        "size": size,
        "large": large,
        "article": article,
        **_code(campaign, article),
        "others": _others(slug, size, article, large=large),
        "taken": _takes_mail(progress),
        "as_of_day": formatting.date_there(progress.as_of, campaign.zone, page_language()),
    }
    page = _fitting(fixed, spoken.appeal.text, present_extensions(campaign, snapshot.extensions))
    response = make_response(page)
    response.headers["Cache-Control"] = _CACHE
    return response


def _aim(campaign: Campaign) -> str:
    """Return the goal and the last day; a number of days left would be wrong by the time the mail arrives."""
    last = clock.last_day(campaign.deadline, campaign.zone)
    return page_language().gettext("%(goal)s to raise by %(day)s") % {
        "goal": formatting.amount(campaign.goal, campaign.currency, page_language()),
        "day": formatting.long_date(last, page_language()),
    }


def _takes_mail(progress: Progress) -> bool:
    """Whether a gift mailed now can still count."""
    return progress.campaign.is_open(progress.as_of)


@dataclass(frozen=True)
class _Arrangement:
    """What stands on the sheet beside the appeal, and its scale."""

    extensions: list[str]
    bar: bool = True
    scale: float = 1.0


def _arrangements(extensions: list[str], address: str) -> Iterator[_Arrangement]:
    """Yield arrangements, the fullest first. The newest change of the deadline is in each, and others are counted."""
    yield _Arrangement(extensions)
    earlier = len(extensions) - 1
    if earlier > 0:
        counted = page_language().ngettext(
            "%(n)s earlier change of the deadline is explained at %(address)s.",
            "%(n)s earlier changes of the deadline are explained at %(address)s.",
            earlier,
        )
        extensions = [
            extensions[-1],
            counted % {"n": formatting.number(earlier, page_language()), "address": address},
        ]
        yield _Arrangement(extensions)
    for scale in SCALES:
        yield _Arrangement(extensions, bar=False, scale=scale)


def _fitting(fixed: dict[str, Any], appeal: str, extensions: list[str]) -> str:
    """Render the fullest arrangement that leaves room for some lines of the appeal, or for all of a short one."""
    for arrangement in _arrangements(extensions, fixed["address"]):
        sheet = Sheet(fixed["size"], fixed["large"], arrangement.scale)
        page = {**fixed, **vars(arrangement), "scale": round(arrangement.scale * 100)}
        empty = render_template("public/print.html", **page, text="", whole=False)
        room = sheet.height - sheet_height(empty, sheet)
        least = LEAST_LINES["large" if sheet.large else "plain"] * sheet.line
        if room >= least or room >= text_height(appeal_html(appeal), sheet):
            break
    return render_template("public/print.html", **page, **_text(appeal, max(room, 0.0), sheet))


def _text(appeal: str, room: float, sheet: Sheet) -> dict[str, Any]:
    """Return the appeal if it fits in `room` (millimeters), else as many whole paragraphs as do, and which it is."""

    def fits(text: str, more: float = 0.0) -> bool:
        return text_height(appeal_html(text), sheet) <= room + more

    # A whole text needs no line about where to read it.
    if fits(appeal, sheet.paragraph):
        return {"text": appeal_html(appeal), "whole": True}
    blocks = [block for block in re.split(r"\n\s*\n", appeal.strip()) if block.strip()]
    while len(blocks) > 1 and not fits("\n\n".join(blocks)):
        blocks.pop()
        # Do not end with a heading that has no text below it.
        while len(blocks) > 1 and blocks[-1].startswith("#"):
            blocks.pop()
    text = "\n\n".join(blocks)
    if fits(text):
        return {"text": appeal_html(text), "whole": False}
    words = text.split(" ")
    most = bisect_left(range(1, len(words)), x=True, key=lambda n: not fits(_cut(words, n)))
    return {"text": appeal_html(_cut(words, most)) if most else "", "whole": False}


def _cut(words: list[str], count: int) -> str:
    return " ".join(words[:count]) + " …"


def _code(campaign: Campaign, article: str) -> dict[str, Any]:
    """Return the coupon's code, the address with that code, and the address as a QR code (ISO/IEC 18004, level M)."""
    code = coupon_code(campaign, article)
    address = f"{installation().settings.site_url}/c/{campaign.slug}?code={code}{_spoken()}"
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        border=4,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        title=page_language().gettext("QR code: %(address)s") % {"address": address},
    )
    return {
        "code": code,
        "address": address.partition("?")[0],
        "qr": Markup(drawn),  # noqa: S704 - drawn by segno; the address in its title is escaped there
    }


def _spoken() -> str:
    """Return the part of an address that selects the page's language."""
    return f"&{page_language().query}" if page_language().query else ""


def _others(slug: str, size: str, article: str, *, large: bool) -> list[dict[str, str]]:
    """Return links to the sheet in the other paper size and the other print size."""
    spoken = page_language()
    named = (f"&article={article}" if article else "") + _spoken()
    other_size = "letter" if size == "a4" else "a4"
    kept = "&large=1" if large else ""
    turned = "" if large else "&large=1"
    return [
        {
            "text": spoken.gettext("Letter paper")
            if other_size == "letter"
            else spoken.gettext("A4 paper"),
            "url": f"/c/{slug}/print?size={other_size}{kept}{named}",
        },
        {
            "text": spoken.gettext("Standard print") if large else spoken.gettext("Large print"),
            "url": f"/c/{slug}/print?size={size}{turned}{named}",
        },
    ]
