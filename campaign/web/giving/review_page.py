"""The review page, on which donors check the gift before they go to Stripe: WCAG 2.2, 3.3.4. It saves nothing.

The page contains the whole form in hidden fields. One button gives; the other returns to the form with its values.
"""

import hashlib
from dataclasses import astuple
from typing import Any

from flask import Response, make_response, render_template, url_for
from wtforms import BooleanField

from campaign.campaigns import formatting
from campaign.donations.donations import Gift
from campaign.models import Campaign, CardDelivery, Frequency
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.context import live
from campaign.web.forms import GiftForm
from campaign.web.headers import make_private
from campaign.web.language import page_language
from campaign.web.theme import accents_for, stylesheet_url

REVIEW = "review"
CHANGE = "change"


def render_review(campaign: Campaign, form: GiftForm, gift: Gift) -> Response:
    """Render the review page of `gift`, which was parsed from the valid `form`."""
    form.reviewed.data = gift_digest(gift)
    page = render_template(
        "public/review.html",
        page_title=page_language().gettext("Check your gift"),
        form=form,
        hidden=hidden_fields(form),
        donate_url=url_for("donate.give", slug=campaign.slug),
        campaign_title=campaign_texts(live().current(campaign.slug)).title.text,
        theme_stylesheet=stylesheet_url(accents_for(campaign)),
        gift=_gift_values(campaign, gift),
        button=_button(campaign, gift),
    )
    return make_private(make_response(page))


def gift_digest(gift: Gift) -> str:
    """Return a short hash of the gift: the same gift sent twice is one donation, a changed gift is another."""
    values = [str(one) for one in astuple(gift)]
    return hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:16]


def hidden_fields(form: GiftForm) -> list[tuple[str, str]]:
    """Return every field as submitted. Like browsers, include a checkbox only if it is checked."""
    found = [
        (field.name, "yes" if isinstance(field, BooleanField) else str(field.data))
        for field in form
        if field.data
    ]
    return [*found, ("lang", page_language().locale)]


def _gift_values(campaign: Campaign, gift: Gift) -> dict[str, Any]:
    def shown(minor: int) -> str:
        return formatting.amount(minor, campaign.currency, page_language())

    return {
        "amount_text": shown(gift.amount),
        "cover_text": shown(gift.fee_cover) if gift.fee_cover else "",
        "total_text": shown(gift.amount + gift.fee_cover),
        "frequency": gift.frequency,
        "email": gift.email,
        "name": gift.name,
        "anonymous": gift.anonymous,
        "subscribe": bool(gift.consent_wording),
        "comment": gift.comment,
        "tribute_kind": gift.tribute_kind,
        "tribute_name": gift.tribute_name,
        "card": gift.card,
        "card_by_post": gift.card is not None and gift.card.delivery == CardDelivery.post,
        "card_lines": gift.card.address.splitlines() if gift.card else [],
        "wall": gift.wall,
        "shared_computer": gift.shared_computer,
    }


def _button(campaign: Campaign, gift: Gift) -> str:
    """Return the button's label, such as `Give $25 monthly`."""
    sentences = {
        Frequency.one_time.value: page_language().gettext("Give %(amount)s"),
        Frequency.monthly.value: page_language().gettext("Give %(amount)s monthly"),
        Frequency.yearly.value: page_language().gettext("Give %(amount)s yearly"),
    }
    amount = formatting.amount(gift.amount + gift.fee_cover, campaign.currency, page_language())
    return sentences[gift.frequency] % {"amount": amount}
