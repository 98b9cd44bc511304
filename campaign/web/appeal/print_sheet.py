"""The print appeal: one sheet with a coupon, its code and a QR code, to print from the browser or to mail.

The sheet says when its figures were current, because paper does not update.
"""

import re
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
from campaign.web.appeal.suggestions import present_mail, present_suggestions
from campaign.web.context import installation, live
from campaign.web.language import page_language

blueprint = Blueprint("printing", __name__)

SHEETS = ("letter", "a4")
ROOM = {"plain": 1500, "large": 300}
"""How many characters of the appeal fit on one sheet, in standard and in large print."""
_CACHE = "public, max-age=60"


@blueprint.get("/c/<slug>/print")
def sheet(slug: str) -> Response:
    """Show the sheet. `article` becomes part of the code; `size` is letter or a4; `large` selects large print."""
    snapshot = live().current(slug)
    progress = snapshot.progress
    campaign = progress.campaign
    spoken = campaign_texts(snapshot)
    large = request.args.get("large", "") not in {"", "0", "no"}
    size = request.args.get("size", SHEETS[0])
    article = article_name(request.args.get("article", ""))
    page = render_template(
        "public/print.html",
        page_title=spoken.title.text,
        campaign={"slug": slug, "title": spoken.title.text, "state": progress.state.value},
        progress=present_progress(progress),
        aim=_aim(campaign),
        end=ending(campaign),
        extensions=present_extensions(campaign, snapshot.extensions),
        suggested=present_suggestions(campaign)[:5],
        mail=present_mail(campaign, installation().settings.organization),
        size=size if size in SHEETS else SHEETS[0],
        large=large,
        article=article,
        **_text(spoken.appeal.text, "large" if large else "plain"),
        **_code(campaign, article),
        others=_others(slug, size, article, large=large),
        taken=_takes_mail(progress),
        as_of_day=formatting.date_there(progress.as_of, campaign.zone, page_language()),
    )
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


def _text(appeal: str, room: str) -> dict[str, Any]:
    """Return as many whole paragraphs as fit, and whether that is the whole text."""
    blocks = [block for block in re.split(r"\n\s*\n", appeal.strip()) if block.strip()]
    kept: list[str] = []
    for block in blocks:
        if kept and len("\n\n".join([*kept, block])) > ROOM[room]:
            break
        kept.append(block)
    # Do not end with a heading that has no text below it.
    while len(kept) > 1 and kept[-1].startswith("#"):
        kept.pop()
    text = "\n\n".join(kept)
    if len(text) > ROOM[room]:
        text = text[: ROOM[room]].rsplit(" ", 1)[0] + " …"
    return {
        "text": appeal_html(text),
        "whole": len(kept) == len(blocks) and not text.endswith(" …"),
    }


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
            "url": f"/c/{slug}/print?size={size if size in SHEETS else SHEETS[0]}{turned}{named}",
        },
    ]
