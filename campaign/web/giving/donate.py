"""Post the donation form: parse it, run `checkout.flow` and redirect to Stripe's page, or show the form with errors.

The appeal's button adds `step=review`: the response is then the review page, and nothing is saved. Without it, the
response is a redirect to Stripe; the review page and clients that post only the fields send the form that way.
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from structlog import get_logger

from campaign.campaigns.campaigns import find_campaign
from campaign.checkout.flow import CheckoutRequest, begin_checkout
from campaign.checkout.session_requests import RedirectUrls
from campaign.core import clock, money
from campaign.core.errors import (
    CampaignNotOpen,
    CampaignPaused,
    GatewayForbidden,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.core.refused_parts import RefusedPart
from campaign.donations.donations import Gift
from campaign.models import Campaign, Donation
from campaign.web.appeal.page import Notice, paused_notice, render_appeal
from campaign.web.context import installation
from campaign.web.forms import GiftForm
from campaign.web.giving.card_testing_gate import describe_attempt, hold_attempt, record_opened
from campaign.web.giving.challenge_page import render_challenge
from campaign.web.giving.form_parsing import read_gift
from campaign.web.giving.form_signals import keep_rendering
from campaign.web.giving.review_page import CHANGE, REVIEW, render_review
from campaign.web.language import page_language, shared_language, translate_error
from campaign.web.limits import GIVING, limiter
from campaign.web.origins import refuse_cross_site

blueprint = Blueprint("donate", __name__)
log = get_logger(__name__)

RETRY_AFTER = 30
"""Seconds in the `Retry-After` header when Stripe is unreachable."""


@blueprint.post("/c/<slug>/donate")
@limiter.limit(GIVING)
def give(slug: str) -> ResponseReturnValue:
    """Redirect to Stripe's page (303), or show the review page, or show the form with what was typed."""
    refuse_cross_site()
    form, step = GiftForm(formdata=request.form), request.form.get("step", "")
    if step == CHANGE:
        return _form_again(slug, form, 200)
    settings = installation().settings
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
    gift = read_gift(
        form,
        campaign,
        fee_rate=settings.card_fee_rate,
        fee_fixed=settings.card_fee_fixed,
        strict=settings.livemode,
    )
    try:
        if not campaign.is_open(clock.now()):
            raise CampaignNotOpen(campaign.title)
        if campaign.pause_reason is not None:
            raise CampaignPaused(campaign.pause_reason)
        if gift is None:
            return _form_again(slug, form, 422)
        if step == REVIEW:
            return render_review(campaign, form, gift)
        return _go_on(campaign, form, gift)
    except CampaignPaused as error:
        return _form_again(slug, form, 409, paused_notice(translate_error(error)))
    except CampaignNotOpen:
        return _form_again(slug, form, 409, _closed())
    except GatewayRefused as error:
        log.warning("checkout_refused", campaign=slug, error=str(error), part=error.part)
        return _refused(slug, form, error.part)
    except GatewayUnavailable as error:
        log.warning("checkout_unavailable", campaign=slug, error=str(error))
        return _form_again(slug, form, 503, _unavailable(error), RETRY_AFTER)


def rate_limited(slug: str, retry_after: int) -> Response:
    """Return the 429 response for a client that sends the form too often."""
    return _form_again(slug, GiftForm(formdata=request.form), 429, _limited(), retry_after)


def _go_on(campaign: Campaign, form: GiftForm, gift: Gift) -> ResponseReturnValue:
    """Redirect to Stripe's page, or first ask for what this attempt costs while thieves test cards."""
    slug, attempt = campaign.slug, describe_attempt(campaign, form, gift)
    held = hold_attempt(campaign, gift, attempt)
    if held is not None and held.ticket is not None:
        return render_challenge(campaign, form, held.ticket, early=held.early)
    if held is not None:
        return _form_again(slug, form, 429, _not_now(), held.seconds)
    begun = begin_checkout(
        installation(), CheckoutRequest(slug, gift, lambda donation: _redirect_urls(slug, donation))
    )
    if begun.payment_url is None:
        return redirect(url_for("donor.donation", token=begun.donation.token), 303)
    record_opened(attempt, begun.donation.session_id or "")
    return redirect(begun.payment_url, 303)


def _redirect_urls(slug: str, donation: Donation) -> RedirectUrls:
    """Return Stripe's return URLs. Canceling leads to the form with amount and frequency, never with the email."""
    query = {
        "amount": money.plain_amount(donation.amount, donation.currency, page_language().formats),
        "frequency": donation.frequency,
    }
    if donation.code:
        query["code"] = donation.code
    if donation.shared_computer:
        query["shared"] = "1"
    if shared_language():
        query["lang"] = page_language().locale
    back = url_for("public.appeal", slug=slug) + "?" + urlencode(query) + "#give"
    address = installation().address
    return RedirectUrls(
        success_url=address(url_for("donor.donation", token=donation.token)),
        cancel_url=address(back),
    )


def _form_again(
    slug: str, form: GiftForm, status: int, notice: Notice | None = None, retry_after: int = 0
) -> Response:
    keep_rendering(form)
    response = render_appeal(slug, form, notice=notice, status=status)
    response.headers["Cache-Control"] = "no-store"
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _closed() -> Notice:
    return Notice(
        "closed",
        page_language().gettext("This campaign is not accepting gifts right now"),
        page_language().gettext(
            "Nothing was charged. See the dates above. You can mail a check at any time."
        ),
    )


def _refused(slug: str, form: GiftForm, part: RefusedPart) -> Response:
    """Show the error beside the field that Stripe objects to, or a notice if it is none that the donor filled in."""
    if part == RefusedPart.email:
        form.complain(
            form.email,
            page_language().gettext(
                "Our payment service does not accept this email address. Please check it."
            ),
        )
    elif part == RefusedPart.amount_too_small:
        form.complain(
            form.amount,
            page_language().gettext(
                "Our payment service cannot charge so small an amount. Choose a larger one."
            ),
        )
    elif part == RefusedPart.amount_too_large:
        form.complain(
            form.amount,
            page_language().gettext(
                "Our payment service cannot charge so large an amount at one time."
            ),
        )
    elif part == RefusedPart.currency:
        return _form_again(slug, form, 422, _no_currency())
    else:
        return _form_again(slug, form, 422, _declined())
    return _form_again(slug, form, 422)


def _declined() -> Notice:
    return Notice(
        "unavailable",
        page_language().gettext("Our payment service declined this gift"),
        page_language().gettext(
            "Nothing was charged, and what you typed is still here. Please try again, or give by mail as described"
            " below."
        ),
    )


def _no_currency() -> Notice:
    return Notice(
        "unavailable",
        page_language().gettext("Our payment service cannot take this currency right now"),
        page_language().gettext(
            "Nothing was charged. We have to change this; you can give by mail as described below."
        ),
    )


def _not_set_up() -> Notice:
    return Notice(
        "unavailable",
        page_language().gettext("We cannot take card gifts right now"),
        page_language().gettext(
            "Nothing was charged, and what you typed is still here. We have to change a setting of our payment"
            " service; you can give by mail as described below."
        ),
    )


def _unavailable(error: GatewayUnavailable) -> Notice:
    """Return what to do; our key's missing permission is nothing that passes or that the donor can change."""
    if isinstance(error, GatewayForbidden):
        return _not_set_up()
    return Notice(
        "unavailable",
        page_language().gettext("We cannot reach our payment service right now"),
        page_language().gettext(
            "Nothing was charged, and what you typed is still here. Please try again in a minute, or give by mail"
            " as described below."
        ),
    )


def _not_now() -> Notice:
    return Notice(
        "limited",
        page_language().gettext("We cannot take this gift online right now"),
        page_language().gettext(
            "Thieves are trying stolen cards on this page, and too many attempts come from your network. Nothing was"
            " charged, and what you typed is still here. Please give by mail as described below, or try again later"
            " or from another connection."
        ),
    )


def _limited() -> Notice:
    return Notice(
        "limited",
        page_language().gettext("Too many tries"),
        page_language().gettext(
            "Nothing was charged, and what you typed is still here. Please wait a minute and try again."
        ),
    )
