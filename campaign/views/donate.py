"""The form's way to Stripe: parse, one donation row, commit; the gateway; commit; 303.

The appeal's button adds `step=review`: then the gift is shown first, and nothing is written. Without it, as from the
review page and from whoever posts the fields alone, the same address leads on to Stripe.
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from structlog import get_logger

from campaign import clock, money
from campaign.errors import (
    CampaignNotOpen,
    CampaignPaused,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.models import Donation, DonationState, StripeCall
from campaign.services import checkout
from campaign.services.campaigns import find_campaign
from campaign.services.donations import Gift, begin_donation
from campaign.views.appeal import Notice, paused_notice, render_appeal
from campaign.views.context import installation
from campaign.views.forms import GiftForm
from campaign.views.gifts import read_gift
from campaign.views.language import said, shared_language, told
from campaign.views.limits import GIVING, limiter
from campaign.views.opening import find_session, open_session
from campaign.views.origins import refuse_cross_site
from campaign.views.reviewing import CHANGE, REVIEW, render_review
from campaign.views.settling import settle
from campaign.views.surrounding import campaign_title

blueprint = Blueprint("donate", __name__)
log = get_logger(__name__)

_TO_BE_PAID = (DonationState.pending, DonationState.declined)

RETRY_AFTER = 30
"""Seconds that a donor is asked to wait when Stripe is out of reach."""


@blueprint.post("/c/<slug>/donate")
@limiter.limit(GIVING)
def give(slug: str) -> ResponseReturnValue:
    """One gift: 303 to Stripe's page, or the form again with what was typed; on request its review, or a change."""
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
        return redirect(_checkout_address(slug, gift), 303)
    except CampaignPaused as error:
        return _form_again(slug, form, 409, paused_notice(told(error)))
    except CampaignNotOpen:
        return _form_again(slug, form, 409, _closed())
    except GatewayRefused as error:
        log.warning("checkout_refused", campaign=slug, error=str(error))
        return _form_again(slug, form, 422, _refused())
    except GatewayUnavailable as error:
        log.warning("checkout_unavailable", campaign=slug, error=str(error))
        return _form_again(slug, form, 503, _unavailable(), RETRY_AFTER)


def too_many(slug: str, retry_after: int) -> Response:
    """The answer to one person who sends the form too often."""
    return _form_again(slug, GiftForm(formdata=request.form), 429, _limited(), retry_after)


def _checkout_address(slug: str, gift: Gift) -> str:
    """Where to send the donor: the same place for the same form, even posted twice at once."""
    donation, call = _begin(slug, gift)
    earlier = donation.session_url and call.created_at < clock.now() - checkout.DOUBLE_CLICK
    # Its page may have been paid, or run out, without our hearing of it: then this is a new gift.
    if earlier and settle(donation):
        donation, call = _begin(slug, gift)
    if checkout.is_waste(donation, call, clock.now()):
        donation, call = _look_up(slug, gift, donation, call)
    if donation.state in _TO_BE_PAID and donation.session_url is None:
        donation = open_session(donation, call)
    # A gift that was paid on a page whose answer was lost is not asked for again.
    if donation.state not in _TO_BE_PAID:
        return url_for("donor.donation", token=donation.token)
    if donation.session_url is None:
        raise GatewayUnavailable("The session has no page.")
    return donation.session_url


def _look_up(
    slug: str, gift: Gift, donation: Donation, call: StripeCall
) -> tuple[Donation, StripeCall]:
    """What Stripe did under a key that is of no use any more; where it did nothing, another call is begun."""
    found = find_session(donation, call)
    if found is not None:
        return found, call
    return _begin(slug, gift, looked_up=call.ordinal)


def _begin(slug: str, gift: Gift, *, looked_up: int = 0) -> tuple[Donation, StripeCall]:
    with installation().sessions.begin() as session:
        campaign = find_campaign(session, slug)
        donation = begin_donation(session, campaign, gift, clock.now())
        parameters = checkout.session_parameters(
            donation,
            campaign_title(campaign),
            installation().settings.organization,
            _returns(slug, donation),
        )
        call = checkout.plan_checkout(
            session, donation, parameters, clock.now(), looked_up=looked_up
        )
        return donation, call


def _returns(slug: str, donation: Donation) -> checkout.Returns:
    """Second thoughts lead back to the form with amount and frequency; an email never stands in an address."""
    query = {
        "amount": money.plain_amount(donation.amount, donation.currency, said().formats),
        "frequency": donation.frequency,
    }
    if donation.code:
        query["code"] = donation.code
    if donation.shared_computer:
        query["shared"] = "1"
    if shared_language():
        query["lang"] = said().locale
    back = url_for("public.appeal", slug=slug) + "?" + urlencode(query) + "#give"
    address = installation().address
    return checkout.Returns(
        success_url=address(url_for("donor.donation", token=donation.token)),
        cancel_url=address(back),
    )


def _form_again(
    slug: str, form: GiftForm, status: int, notice: Notice | None = None, retry_after: int = 0
) -> Response:
    response = render_appeal(slug, form, notice=notice, status=status)
    response.headers["Cache-Control"] = "no-store"
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _closed() -> Notice:
    return Notice(
        "closed",
        said().gettext("This campaign is not open for gifts"),
        said().gettext(
            "Nothing was charged. The dates above say when it runs; a check by mail is welcome at any time."
        ),
    )


def _refused() -> Notice:
    return Notice(
        "unavailable",
        said().gettext("Our payment service refused this gift"),
        said().gettext(
            "Nothing was charged. Please check the amount and try again, or give by mail as described below."
        ),
    )


def _unavailable() -> Notice:
    return Notice(
        "unavailable",
        said().gettext("Our payment service cannot be reached right now"),
        said().gettext(
            "Nothing was charged, and what you typed is still here. Please try again in a minute, or give by mail"
            " as described below."
        ),
    )


def _limited() -> Notice:
    return Notice(
        "limited",
        said().gettext("That was a little too often"),
        said().gettext(
            "Nothing was charged, and what you typed is still here. Please wait a minute and send it again."
        ),
    )
