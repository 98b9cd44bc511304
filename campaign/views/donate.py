"""The form's way to Stripe: parse, one donation row, commit; the gateway; commit; 303."""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from structlog import get_logger

from campaign import clock, money
from campaign.errors import (
    CampaignNotOpen,
    GatewayBusy,
    GatewayKeySpent,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.models import Donation, DonationState, StripeCall
from campaign.services import checkout
from campaign.services.campaigns import find_campaign
from campaign.services.donations import Gift, begin_donation
from campaign.views.appeal import Notice, render_appeal
from campaign.views.context import installation
from campaign.views.forms import GiftForm, read_gift
from campaign.views.limits import GIVING, limiter
from campaign.views.settling import settle

blueprint = Blueprint("donate", __name__)
log = get_logger(__name__)

RETRY_AFTER = 30
"""Seconds that a donor is asked to wait when Stripe is out of reach."""


@blueprint.post("/c/<slug>/donate")
@limiter.limit(GIVING)
def give(slug: str) -> ResponseReturnValue:
    """One gift: 303 to Stripe's page, or the form again with what was typed."""
    _refuse_cross_site()
    form = GiftForm(formdata=request.form)
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
        if gift is None:
            return _form_again(slug, form, 422)
        return redirect(_checkout_address(slug, gift), 303)
    except CampaignNotOpen:
        return _form_again(slug, form, 409, _CLOSED)
    except GatewayRefused as error:
        log.warning("checkout_refused", campaign=slug, error=str(error))
        return _form_again(slug, form, 422, _REFUSED)
    except GatewayUnavailable as error:
        log.warning("checkout_unavailable", campaign=slug, error=str(error))
        return _form_again(slug, form, 503, _UNAVAILABLE, RETRY_AFTER)


def too_many(slug: str, retry_after: int) -> Response:
    """The answer to one person who sends the form too often."""
    return _form_again(slug, GiftForm(formdata=request.form), 429, _LIMITED, retry_after)


def _refuse_cross_site() -> None:
    """403 for a form that another site posts from a reader's browser; other clients send neither header.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is None:
        return
    ours = {urlsplit(installation().settings.site_url).netloc, request.host}
    if urlsplit(origin).netloc not in ours:
        abort(403)


def _checkout_address(slug: str, gift: Gift) -> str:
    """Where to send the donor: the same place for the same form, even posted twice at once."""
    donation, call = _begin(slug, gift)
    earlier = donation.session_url and call.created_at < clock.now() - checkout.DOUBLE_CLICK
    # Its page may have been paid, or run out, without our hearing of it: then this is a new gift.
    if earlier and settle(donation):
        donation, call = _begin(slug, gift)
    if donation.state == DonationState.processing:
        return url_for("donor.donation", token=donation.token)
    if donation.session_url is None:
        donation = _open_session(donation, call)
    if donation.session_url is None:
        raise GatewayUnavailable("The session has no page.")
    return donation.session_url


def _begin(slug: str, gift: Gift) -> tuple[Donation, StripeCall]:
    with installation().sessions.begin() as session:
        campaign = find_campaign(session, slug)
        donation = begin_donation(session, campaign, gift, clock.now())
        parameters = checkout.session_parameters(
            donation, campaign.title, installation().settings.organization, _returns(slug, donation)
        )
        return donation, checkout.plan_checkout(session, donation, parameters, clock.now())


def _returns(slug: str, donation: Donation) -> checkout.Returns:
    """Second thoughts lead back to the form with amount and frequency; an email never stands in an address."""
    query = {
        "amount": money.plain_amount(donation.amount, donation.currency),
        "frequency": donation.frequency,
    }
    if donation.code:
        query["code"] = donation.code
    back = url_for("public.appeal", slug=slug) + "?" + urlencode(query) + "#give"
    address = installation().address
    return checkout.Returns(
        success_url=address(url_for("donor.donation", token=donation.token)),
        cancel_url=address(back),
    )


def _open_session(donation: Donation, call: StripeCall) -> Donation:
    """Ask Stripe for the page, under the key that is written down already, and keep its answer."""
    here = installation()
    try:
        opened = here.gateway.create_checkout_session(call.parameters, call.idempotency_key)
    except GatewayBusy:
        return _wait_for_twin(donation)
    except (GatewayKeySpent, GatewayRefused) as error:
        with here.sessions.begin() as session:
            checkout.record_failure(session, call, error)
        raise
    with here.sessions.begin() as session:
        checkout.record_session(session, call, opened, clock.now())
        return session.get_one(Donation, donation.id)


def _wait_for_twin(donation: Donation) -> Donation:
    """The same form, posted at the same moment, is being answered: its page is ours too."""
    for _ in range(20):
        clock.pause(0.25)
        with installation().sessions() as session:
            found = session.get_one(Donation, donation.id)
        if found.session_url:
            return found
    raise GatewayBusy("The same form is still being worked on.")


def _form_again(
    slug: str, form: GiftForm, status: int, notice: Notice | None = None, retry_after: int = 0
) -> Response:
    response = render_appeal(slug, form, notice=notice, status=status)
    response.headers["Cache-Control"] = "no-store"
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


_CLOSED = Notice(
    "closed",
    "This campaign is not open for gifts",
    "Nothing was charged. The dates above say when it runs; a check by mail is welcome at any time.",
)
_REFUSED = Notice(
    "unavailable",
    "Our payment service refused this gift",
    "Nothing was charged. Please check the amount and try again, or give by mail as described below.",
)
_UNAVAILABLE = Notice(
    "unavailable",
    "Our payment service cannot be reached right now",
    "Nothing was charged, and what you typed is still here. Please try again in a minute, or give by mail"
    " as described below.",
)
_LIMITED = Notice(
    "limited",
    "That was a little too often",
    "Nothing was charged, and what you typed is still here. Please wait a minute and send it again.",
)
