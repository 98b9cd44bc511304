"""A campaign's news as an RSS 2.0 feed (https://www.rssboard.org/rss-specification). No cookies, same for everyone.

Events are entries that never change, so that no feed reader shows one twice. Current progress is in the feed's
description and in the image, which is always up to date.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from flask import Blueprint, Response, request
from markupsafe import escape

from campaign.campaigns import formatting
from campaign.core import clock
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending, present_countdown, present_progress
from campaign.web.appeal.page_content import campaign_texts, present_milestones
from campaign.web.appeal.progress_stream import Snapshot
from campaign.web.context import installation, live
from campaign.web.language import page_language

blueprint = Blueprint("feed", __name__)

_CACHE = "public, max-age=60, stale-while-revalidate=600"
_ATOM = "http://www.w3.org/2005/Atom"
_MINUTES = 60
"""How long a feed reader may wait before it fetches the feed again."""

register_namespace("atom", _ATOM)


@dataclass(frozen=True)
class News:
    """One event. `key` is unique within the campaign and never changes."""

    key: str
    at: datetime
    title: str
    text: str


@blueprint.get("/c/<slug>/feed.xml")
def news(slug: str) -> Response:
    """Serve the opening, the milestones, changes of the deadline and the result, newest first."""
    body = _channel(live().current(slug))
    response = Response(body, content_type="application/rss+xml; charset=utf-8")
    response.set_etag(blake2b(body, digest_size=12).hexdigest(), weak=True)
    response.headers["Cache-Control"] = _CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.make_conditional(request)
    return response


def _channel(snapshot: Snapshot) -> bytes:
    progress, spoken = snapshot.progress, page_language()
    asked = f"?{spoken.query}" if spoken.query else ""
    home = f"{installation().settings.site_url}/c/{progress.campaign.slug}"
    title = campaign_texts(snapshot).title.text
    now = f"{present_countdown(progress).headline}. {present_progress(progress).sentence}"
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _put(channel, "title", f"{title} · {installation().settings.organization.name}")
    _put(channel, "link", home + asked)
    _put(channel, "description", now)
    _put(channel, "language", spoken.locale)
    _put(channel, "ttl", str(_MINUTES))
    myself = {"href": f"{home}/feed.xml{asked}", "rel": "self", "type": "application/rss+xml"}
    SubElement(channel, f"{{{_ATOM}}}link", myself)
    every = sorted(_happened(snapshot), key=lambda one: one.at, reverse=True)
    if every:
        _put(channel, "lastBuildDate", format_datetime(every[0].at))
    picture = f"{home}/progress.png{asked}"
    for one in every:
        _entry(channel, one, home, home + asked, picture)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(channel: Element, one: News, home: str, address: str, picture: str) -> None:
    item = SubElement(channel, "item")
    spoken = page_language()
    alt, give = spoken.gettext("Current progress"), spoken.gettext("Read the appeal")
    _put(item, "title", one.title)
    _put(item, "link", address)
    # The description is HTML, escaped as text in the feed.
    _put(
        item,
        "description",
        f"<p>{escape(one.text)}</p>"
        f'<p><a href="{escape(address)}"><img src="{escape(picture)}" width="600" alt="{escape(alt)}"></a></p>'
        f'<p><a href="{escape(address)}">{escape(give)}</a></p>',
    )
    _put(item, "pubDate", format_datetime(one.at))
    named = SubElement(item, "guid", isPermaLink="false")
    named.text = f"{home}#{one.key}"


def _put(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = "".join(one for one in text if one >= " " or one in "\t\n")


def _happened(snapshot: Snapshot) -> Iterator[News]:
    progress, spoken = snapshot.progress, page_language()
    campaign, at = progress.campaign, progress.as_of
    if at < campaign.starts_at:
        return
    yield _opened(snapshot)
    for one in snapshot.around.milestones:
        for shown in present_milestones(progress, [one]):
            key = f"{one.mark}-{one.target}"
            yield News(key, one.reached_at, shown.sentence, shown.sentence)
    for moved in snapshot.extensions:
        (sentence,) = present_extensions(campaign, [moved])
        title = spoken.gettext("Closed early") if moved.closed_early else spoken.gettext("Extended")
        yield News(f"moved-{moved.id}", moved.created_at, title, sentence)
    if at >= campaign.deadline:
        yield _ended(snapshot)
    if campaign.finalized_at is not None:
        yield _final(snapshot, campaign.finalized_at)


def _opened(snapshot: Snapshot) -> News:
    campaign, spoken = snapshot.progress.campaign, page_language()
    # The original deadline: each change of it is an entry of its own.
    first = snapshot.extensions[0].previous_deadline if snapshot.extensions else campaign.deadline
    text = spoken.gettext("%(title)s: the goal is %(goal)s by %(day)s.") % {
        "title": campaign_texts(snapshot).title.text,
        "goal": formatting.amount(campaign.goal, campaign.currency, spoken),
        "day": formatting.long_date(clock.last_day(first, campaign.zone), spoken),
    }
    return News("opened", campaign.starts_at, spoken.gettext("The campaign is open"), text)


def _ended(snapshot: Snapshot) -> News:
    campaign, spoken = snapshot.progress.campaign, page_language()
    text = spoken.gettext(
        "It ended at %(end)s. The final result will be posted here after %(day)s, when mailed gifts have arrived."
    ) % {
        "end": ending(campaign),
        "day": formatting.date_there(campaign.final_from, campaign.zone, spoken),
    }
    return News("ended", campaign.deadline, spoken.gettext("This campaign has ended"), text)


def _final(snapshot: Snapshot, at: datetime) -> News:
    campaign, spoken = snapshot.progress.campaign, page_language()
    values = {
        "raised": formatting.amount(campaign.final_raised or 0, campaign.currency, spoken),
        "goal": formatting.amount(campaign.goal, campaign.currency, spoken),
    }
    title = spoken.gettext("The final result: %(raised)s") % values
    text = spoken.gettext("%(raised)s of %(goal)s was raised. This is the final result.") % values
    return News("final", at, title, text)
