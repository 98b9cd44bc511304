"""From a gift to the page where it is paid: one donation row, commit; ask Stripe; keep its answer, commit.

Needs no web request: the installation and the redirect URLs are handed in. Whatever dies half-way, the same gift
given again goes on from there, and is charged at most once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from campaign.campaigns.campaigns import find_campaign
from campaign.checkout import session_requests
from campaign.checkout.open_session import find_session, open_session
from campaign.checkout.session_requests import RedirectUrls
from campaign.checkout.sync import sync_donation
from campaign.core import clock
from campaign.core.errors import GatewayUnavailable
from campaign.core.i18n import words
from campaign.donations.donations import Gift, begin_donation
from campaign.models import Donation, DonationState, StripeCall
from campaign.runtime.context import Installation

_TO_BE_PAID = (DonationState.pending, DonationState.declined)


@dataclass(frozen=True)
class CheckoutRequest:
    """A gift to the campaign called `slug`; `redirect_urls` says where Stripe sends its donor back to."""

    slug: str
    gift: Gift
    redirect_urls: Callable[[Donation], RedirectUrls]


@dataclass(frozen=True)
class Checkout:
    """A donation, and the address of Stripe's page for it: None where it has been paid already."""

    donation: Donation
    payment_url: str | None


def begin_checkout(here: Installation, asked: CheckoutRequest) -> Checkout:
    """Where to send the donor: the same place for the same gift, even asked for twice at once.

    Raises GatewayUnavailable or GatewayRefused; the same may be asked again.
    """
    donation, call = _begin(here, asked)
    earlier = donation.session_url and call.created_at < clock.now() - session_requests.DOUBLE_CLICK
    # Its page may have been paid, or run out, without our hearing of it: then this is a new gift.
    if earlier and sync_donation(here, donation):
        donation, call = _begin(here, asked)
    if session_requests.is_waste(donation, call, clock.now()):
        donation, call = _look_up(here, asked, donation, call)
    if donation.state in _TO_BE_PAID and donation.session_url is None:
        donation = open_session(here, donation, call)
    # A gift that was paid on a page whose answer was lost is not asked for again.
    if donation.state not in _TO_BE_PAID:
        return Checkout(donation, None)
    if donation.session_url is None:
        raise GatewayUnavailable("The session has no page.")
    return Checkout(donation, donation.session_url)


def _look_up(
    here: Installation, asked: CheckoutRequest, donation: Donation, call: StripeCall
) -> tuple[Donation, StripeCall]:
    """What Stripe did under a key that is of no use any more; where it did nothing, another call is begun."""
    found = find_session(here, donation, call)
    if found is not None:
        return found, call
    return _begin(here, asked, looked_up=call.ordinal)


def _begin(
    here: Installation, asked: CheckoutRequest, *, looked_up: int = 0
) -> tuple[Donation, StripeCall]:
    with here.sessions.begin() as session:
        campaign = find_campaign(session, asked.slug)
        donation = begin_donation(session, campaign, asked.gift, clock.now())
        parameters = session_requests.session_parameters(
            donation,
            campaign.title_in(words(asked.gift.locale).locale),
            here.settings.organization,
            asked.redirect_urls(donation),
        )
        call = session_requests.plan_checkout(
            session, donation, parameters, clock.now(), looked_up=looked_up
        )
        return donation, call
