"""The page between the form and Stripe while thieves test cards: a short wait, or proof of work in the browser.

Like the review page, it saves nothing: it contains the whole form in hidden fields, and works without JavaScript.
"""

import math
from typing import Any

from flask import Response, make_response, render_template, url_for

from campaign.core import clock
from campaign.models import Campaign
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.context import installation, live
from campaign.web.forms import GiftForm
from campaign.web.giving.proof_of_work import make_challenge
from campaign.web.giving.review_page import hidden_fields
from campaign.web.giving.tickets import GiftTicket, sign_ticket
from campaign.web.headers import make_private
from campaign.web.language import page_language
from campaign.web.theme import accents_for, stylesheet_url


def render_challenge(
    campaign: Campaign, form: GiftForm, ticket: GiftTicket, *, early: bool = False
) -> Response:
    """Render the page for the valid `form` (429 with Retry-After). `early`: Continue was pressed before its time."""
    seconds = max(1, math.ceil(ticket.seconds_left(clock.now())))
    page = render_template(
        "public/challenge.html",
        page_title=page_language().gettext("One moment before your gift"),
        hidden=hidden_fields(form),
        donate_url=url_for("donate.give", slug=campaign.slug),
        campaign_title=campaign_texts(live().current(campaign.slug)).title.text,
        theme_stylesheet=stylesheet_url(accents_for(campaign)),
        seconds=seconds,
        early=early,
        ticket=sign_ticket(ticket),
        puzzle=_puzzle(ticket),
    )
    response = make_private(make_response(page, 429))
    response.headers["Retry-After"] = str(seconds)
    return response


def _puzzle(ticket: GiftTicket) -> dict[str, Any] | None:
    """Return a challenge for this ticket, or None if only waiting helps."""
    if not ticket.difficulty:
        return None
    return make_challenge(installation().settings.secret_key, ticket.id, ticket.difficulty)
