"""Render the appeal page, for every view that shows the donation form."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from flask import Response, make_response, render_template, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup

from campaign.campaigns import formatting
from campaign.core import clock, money
from campaign.core.errors import AmountInvalid
from campaign.models import Campaign
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import present_countdown, present_progress
from campaign.web.appeal.matching_gifts import present_sponsors
from campaign.web.appeal.page_content import (
    alternates,
    campaign_texts,
    present_milestones,
    present_others,
    present_share,
    present_today,
)
from campaign.web.appeal.suggestions import cover_hint, present_mail, present_suggestions
from campaign.web.context import installation, live
from campaign.web.forms import GiftForm
from campaign.web.giving.form_parsing import (
    subscribe_wording,
    wall_comment_wording,
    wall_wording,
)
from campaign.web.giving.reminder_choices import present_reminders
from campaign.web.language import page_language
from campaign.web.theme import accents_for, stylesheet_url

_TAGS = {"h2", "h3", "p", "ul", "ol", "li", "blockquote", "a", "strong", "em", "hr", "br", "code"}


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable(["replacements", "smartquotes"])


@dataclass(frozen=True)
class Notice:
    """A message above the form: `kind` is `unavailable`, `closed`, `paused` or `limited`."""

    kind: str
    title: str
    text: str


def paused_notice(reason: str) -> Notice:
    """Return the notice that card gifts are paused, with the reason and how to give by mail."""
    text = page_language().gettext(
        "%(reason)s. Nothing was charged. You can still mail a check, as described below."
    )
    return Notice(
        "paused", page_language().gettext("Gifts by card are paused"), text % {"reason": reason}
    )


@lru_cache(maxsize=256)
def appeal_html(markdown: str) -> Markup:
    """Convert the appeal's Markdown to safe HTML: raw HTML in it is escaped, and the output is sanitized again."""
    rendered = _MARKDOWN.render(markdown)
    cleaned = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"https", "http", "mailto"},
    )
    return Markup(cleaned)  # noqa: S704 - sanitized on the line above


def render_appeal(
    slug: str, form: GiftForm, *, notice: Notice | None = None, status: int = 200
) -> Response:
    """Render the page of the campaign `slug` with `form` as it is; raises NotFound."""
    snapshot = live().current(slug)
    progress = snapshot.progress
    campaign, spoken = progress.campaign, campaign_texts(snapshot)
    page = render_template(
        "public/appeal.html",
        page_title=spoken.title.text,
        campaign=_campaign_values(campaign, progress.state.value),
        spoken=spoken,
        appeal_html=appeal_html(spoken.appeal.text),
        thanks_html=appeal_html(spoken.thanks.text),
        theme_stylesheet=stylesheet_url(accents_for(campaign)),
        milestones=present_milestones(progress, snapshot.around.milestones),
        today=present_today(progress, snapshot.around.today),
        newest=snapshot.around.newest,
        others=present_others(snapshot.around.others),
        several=snapshot.around.several,
        share=present_share(campaign, spoken.title.text),
        alternates=alternates(slug),
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
        "organization_line": campaign.organization_line,
        "currency": campaign.currency,
        "digits": money.decimals(campaign.currency),
        "state": state,
        "paused": campaign.pause_reason or "",
        "url": url_for("public.appeal", slug=slug),
        "donate_url": url_for("donate.give", slug=slug),
        "progress_url": url_for("public.progress", slug=slug),
        "stream_url": url_for("public.stream", slug=slug),
        "minimum_text": formatting.amount(
            campaign.smallest_amount, campaign.currency, page_language()
        ),
        "currency_symbol": money.symbol(campaign.currency),
        "consent_wording": subscribe_wording(),
        "wall_wording": wall_wording() if campaign.wall_shown else "",
        "wall_comment_wording": wall_comment_wording(),
        "fee_rate": str(installation().settings.card_fee_rate),
        "fee_fixed": money.to_decimal(installation().settings.card_fee_fixed, campaign.currency),
        "remind_url": url_for("remind.ask", slug=slug),
    }


def _cover_hint(campaign: Campaign, form: GiftForm) -> str:
    """Return the hint for the amount in the form if it is valid, else for the middle suggestion."""
    settings = installation().settings
    amounts = campaign.suggested_amounts or [campaign.smallest_amount]
    example = amounts[len(amounts) // 2]
    typed = form.amount_other.data or form.amount.data
    if typed and not form.amount.errors:
        with suppress(AmountInvalid):
            example = money.parse_amount(typed, campaign.currency)
    fee_cover = money.calculate_fee_cover(
        example, settings.card_fee_rate, settings.card_fee_fixed, campaign.currency
    )
    return cover_hint(campaign, fee_cover, example)
