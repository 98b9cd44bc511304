"""Start a checkout: save one donation, commit, create a Stripe session, save the response, commit.

It needs no web request: the caller passes the installation and the redirect URLs. After a crash at any point, sending
the same gift again continues from there, and the gift is charged at most once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from structlog import get_logger

from campaign.audit.stripe_requests import record_failure, with_token, without_token
from campaign.campaigns.campaigns import find_campaign
from campaign.checkout import session_requests
from campaign.checkout.session_requests import DOUBLE_CLICK, RedirectUrls, record_session
from campaign.checkout.sync import sync_donation, sync_session
from campaign.core import clock
from campaign.core.errors import (
    GatewayBusy,
    GatewayKeySpent,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.core.i18n import get_language
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import CheckoutSession
from campaign.models import Donation, DonationState, StripeRequest
from campaign.runtime.context import Installation

CLOCK_TOLERANCE = timedelta(minutes=1)
"""The largest difference to expect between Stripe's clock and ours."""

log = get_logger(__name__)


def open_session(here: Installation, donation: Donation, call: StripeRequest) -> Donation:
    """Create the Stripe session with the recorded idempotency key and save the response.

    Raises GatewayUnavailable or GatewayRefused; the same call can be repeated.
    """
    try:
        opened = here.gateway.create_checkout_session(
            with_token(call.parameters, donation.token), call.idempotency_key
        )
    except GatewayBusy:
        return _wait_for_concurrent(here, donation)
    except (GatewayKeySpent, GatewayRefused) as error:
        with here.sessions.begin() as session:
            record_failure(session, call, error)
        raise
    kept = _keep(here, donation, call, opened)
    if call.created_at > clock.now() - DOUBLE_CLICK:
        return kept
    # Stripe may have replayed the stored response for this key, so read the session's current state.
    sync_donation(here, kept)
    return _reload(here, kept)


def find_session(here: Installation, donation: Donation, call: StripeRequest) -> Donation | None:
    """Find the session that Stripe created for a call whose response was lost; None if there is none.

    Returns the donation with that session. A completed session is applied as its webhook would be. Raises
    GatewayUnavailable or GatewayRefused.
    """
    since = donation.created_at - CLOCK_TOLERANCE
    found = here.gateway.list_sessions_for_donation(donation.public_id, donation.email, since)
    complete = [one for one in found if one.status == "complete"]
    usable = [one for one in found if one.status == "open"]
    for superseded in usable if complete else usable[1:]:
        _expire(here, donation, superseded)
    if complete:
        return _apply(here, donation, complete[0])
    return _keep(here, donation, call, usable[0]) if usable else None


def _keep(
    here: Installation, donation: Donation, call: StripeRequest, opened: CheckoutSession
) -> Donation:
    """Save the session on the donation; if another one was saved meanwhile, expire this one."""
    with here.sessions.begin() as session:
        record_session(session, call, opened, clock.now())
        kept = session.get_one(Donation, donation.id)
    if kept.session_id != opened.id:
        _expire(here, donation, opened)
    return kept


def _apply(here: Installation, donation: Donation, complete: CheckoutSession) -> Donation:
    before = donation.state
    sync_session(here, complete.id, donation.public_id)
    found = _reload(here, donation)
    if found.state == before:
        raise GatewayUnavailable(f"Session {complete.id} is complete and could not be applied.")
    return found


def _expire(here: Installation, donation: Donation, superseded: CheckoutSession) -> None:
    """Expire a session that no donor has seen, so that it can no longer be paid."""
    log.warning("session_superseded", donation=donation.public_id, session=superseded.id)
    try:
        here.gateway.expire_session(superseded.id)
    except GatewayRefused as error:
        # It has already expired, or another request expired it.
        log.warning("session_not_ended", session=superseded.id, error=str(error))


def _wait_for_concurrent(here: Installation, donation: Donation) -> Donation:
    """Wait for the session of a concurrent request with the same form, and use it."""
    for _ in range(20):
        clock.pause(0.25)
        found = _reload(here, donation)
        if found.session_url:
            return found
    raise GatewayBusy("The same form is still being processed.")


def _reload(here: Installation, donation: Donation) -> Donation:
    with here.sessions() as session:
        return session.get_one(Donation, donation.id)


_TO_BE_PAID = (DonationState.pending, DonationState.declined)


@dataclass(frozen=True)
class CheckoutRequest:
    """A gift to the campaign `slug`. `redirect_urls` returns the URLs to which Stripe redirects the donor."""

    slug: str
    gift: Gift
    redirect_urls: Callable[[Donation], RedirectUrls]


@dataclass(frozen=True)
class Checkout:
    """A donation and the URL of its Stripe page, or None if it is already paid."""

    donation: Donation
    payment_url: str | None


def begin_checkout(here: Installation, asked: CheckoutRequest) -> Checkout:
    """Return where to send the donor: the same page for the same gift, even for concurrent requests.

    Raises GatewayUnavailable or GatewayRefused; the same request can be repeated.
    """
    donation, call = _begin(here, asked)
    earlier = donation.session_url and call.created_at < clock.now() - session_requests.DOUBLE_CLICK
    # Its session may have been paid or expired before the event arrived: then this is a new gift.
    if earlier and sync_donation(here, donation):
        donation, call = _begin(here, asked)
    if session_requests.needs_lookup(donation, call, clock.now()):
        donation, call = _look_up(here, asked, donation, call)
    if donation.state in _TO_BE_PAID and donation.session_url is None:
        donation = open_session(here, donation, call)
    # A gift that was paid in a session whose response was lost is not charged again.
    if donation.state not in _TO_BE_PAID:
        return Checkout(donation, None)
    if donation.session_url is None:
        raise GatewayUnavailable("The session has no page.")
    return Checkout(donation, donation.session_url)


def _look_up(
    here: Installation, asked: CheckoutRequest, donation: Donation, call: StripeRequest
) -> tuple[Donation, StripeRequest]:
    """Look up what Stripe did for a key that can no longer be used; if nothing, plan another call."""
    found = find_session(here, donation, call)
    if found is not None:
        return found, call
    return _begin(here, asked, looked_up=call.ordinal)


def _begin(
    here: Installation, asked: CheckoutRequest, *, looked_up: int = 0
) -> tuple[Donation, StripeRequest]:
    with here.sessions.begin() as session:
        campaign = find_campaign(session, asked.slug)
        donation = begin_donation(session, campaign, asked.gift, clock.now())
        parameters = session_requests.session_parameters(
            donation,
            campaign.title_in(get_language(asked.gift.locale).locale),
            here.settings.organization,
            asked.redirect_urls(donation),
        )
        call = session_requests.next_checkout_request(
            session,
            donation,
            without_token(parameters, donation.token),
            clock.now(),
            looked_up=looked_up,
        )
        return donation, call
