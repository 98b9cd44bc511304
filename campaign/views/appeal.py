"""The appeal page, as every view that shows the form renders it."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from flask import Response, make_response, render_template, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from campaign import clock, money
from campaign.errors import AmountInvalid
from campaign.models import Campaign
from campaign.models.base import new_token
from campaign.services.consents import WORDING
from campaign.views.context import installation, live
from campaign.views.forms import GiftForm
from campaign.views.moves import present_extensions
from campaign.views.presenting import (
    cover_hint,
    present_countdown,
    present_mail,
    present_progress,
    present_suggestions,
)
from campaign.views.reminding import present_reminders
from campaign.views.sponsors import present_sponsors

_TAGS = {"h2", "h3", "p", "ul", "ol", "li", "blockquote", "a", "strong", "em", "hr", "br", "code"}


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable(["replacements", "smartquotes"])


@dataclass(frozen=True)
class Notice:
    """Something to say above the form: `kind` is `unavailable`, `closed`, `paused` or `limited`."""

    kind: str
    title: str
    text: str


def paused_notice(reason: str) -> Notice:
    """Why no gift is taken by card now, and how to give nevertheless."""
    return Notice(
        "paused",
        "Gifts by card are paused",
        f"{reason}. Nothing was charged. A check by mail is welcome, as described below.",
    )


@lru_cache(maxsize=256)
def appeal_html(markdown: str) -> Markup:
    """The appeal's Markdown as safe HTML: raw HTML is not read, and what comes out is cleaned once more."""
    rendered = _MARKDOWN.render(markdown)
    cleaned = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"https", "http", "mailto"},
    )
    return Markup(cleaned)  # noqa: S704 - cleaned on the line above


def empty_form(prefill: MultiDict[str, str] | None = None) -> GiftForm:
    """The form as first shown, filled from an address such as `?amount=25&frequency=monthly&code=…`."""
    form = GiftForm(formdata=None)
    given = prefill or MultiDict()
    for name in ("frequency", "code"):
        if given.get(name):
            form[name].data = given[name]
    form.amount.data = given.get("amount", "")
    form.attempt.data = new_token()
    return form


def render_appeal(
    slug: str, form: GiftForm, *, notice: Notice | None = None, status: int = 200
) -> Response:
    """The page of the campaign `slug` with `form` as it stands; raises NotFound."""
    snapshot = live().current(slug)
    progress = snapshot.progress
    campaign = progress.campaign
    page = render_template(
        "public/appeal.html",
        page_title=campaign.title,
        campaign=_campaign_values(campaign, progress.state.value),
        progress=present_progress(progress),
        countdown=present_countdown(progress),
        sponsors=present_sponsors(progress),
        extensions=present_extensions(campaign, snapshot.extensions),
        reminders=present_reminders(campaign, clock.now()),
        suggested=present_suggestions(campaign),
        form=form,
        errors=[{"field_id": name, "text": text} for name, text in form.complaints],
        notice=notice,
        mail=present_mail(campaign, installation().settings.organization),
        cover_hint=_cover_hint(campaign, form),
    )
    return make_response(page, status)


def _campaign_values(campaign: Campaign, state: str) -> dict[str, Any]:
    slug = campaign.slug
    return {
        "slug": slug,
        "title": campaign.title,
        "currency": campaign.currency,
        "state": state,
        "paused": campaign.pause_reason or "",
        "appeal_html": appeal_html(campaign.appeal),
        "url": url_for("public.appeal", slug=slug),
        "donate_url": url_for("donate.give", slug=slug),
        "progress_url": url_for("public.progress", slug=slug),
        "stream_url": url_for("public.stream", slug=slug),
        "minimum_text": money.format_money(campaign.smallest_amount, campaign.currency),
        "currency_symbol": money.symbol(campaign.currency),
        "consent_wording": WORDING,
        "remind_url": url_for("remind.ask", slug=slug),
    }


def _cover_hint(campaign: Campaign, form: GiftForm) -> str:
    """By the amount in the form where it can be read, else by the middle suggestion."""
    settings = installation().settings
    amounts = campaign.suggested_amounts or [campaign.smallest_amount]
    example = amounts[len(amounts) // 2]
    typed = form.amount_other.data or form.amount.data
    if typed and not form.amount.errors:
        with suppress(AmountInvalid):
            example = money.parse_amount(typed, campaign.currency)
    cover = money.fee_cover(
        example, settings.card_fee_rate, settings.card_fee_fixed, campaign.currency
    )
    return cover_hint(campaign, cover, example)
