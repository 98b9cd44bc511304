"""From a gift to the page where it is paid: one donation row, commit; ask Stripe; keep its answer, commit.

Needs no web request: the installation and the redirect URLs are handed in. Whatever dies half-way, the same gift
given again goes on from there, and is charged at most once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from structlog import get_logger

from campaign.audit.stripe_requests import record_failure
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
"""How far Stripe's clock and ours may disagree."""

log = get_logger(__name__)


def open_session(here: Installation, donation: Donation, call: StripeRequest) -> Donation:
    """Ask Stripe for the page, under the key that is written down already, and keep its answer.

    Raises GatewayUnavailable or GatewayRefused; the same call may be made again.
    """
    try:
        opened = here.gateway.create_checkout_session(call.parameters, call.idempotency_key)
    except GatewayBusy:
        return _wait_for_twin(here, donation)
    except (GatewayKeySpent, GatewayRefused) as error:
        with here.sessions.begin() as session:
            record_failure(session, call, error)
        raise
    kept = _keep(here, donation, call, opened)
    if call.created_at > clock.now() - DOUBLE_CLICK:
        return kept
    # An answer that was kept under its key tells how the page stood then.
    sync_donation(here, kept)
    return _again(here, kept)


def find_session(here: Installation, donation: Donation, call: StripeRequest) -> Donation | None:
    """The donation with the session that Stripe opened for a call whose answer is lost; None where there is none.

    A session that was completed is applied as its webhook would be. Raises GatewayUnavailable or GatewayRefused.
    """
    since = donation.created_at - CLOCK_TOLERANCE
    found = here.gateway.list_sessions_for_donation(donation.public_id, donation.email, since)
    complete = [one for one in found if one.status == "complete"]
    usable = [one for one in found if one.status == "open"]
    for superseded in usable if complete else usable[1:]:
        _end(here, donation, superseded)
    if complete:
        return _apply(here, donation, complete[0])
    return _keep(here, donation, call, usable[0]) if usable else None


def _keep(
    here: Installation, donation: Donation, call: StripeRequest, opened: CheckoutSession
) -> Donation:
    """Keep a session's page as the donation's; where another was kept meanwhile, that one counts."""
    with here.sessions.begin() as session:
        record_session(session, call, opened, clock.now())
        kept = session.get_one(Donation, donation.id)
    if kept.session_id != opened.id:
        _end(here, donation, opened)
    return kept


def _apply(here: Installation, donation: Donation, complete: CheckoutSession) -> Donation:
    before = donation.state
    sync_session(here, complete.id, donation.public_id)
    found = _again(here, donation)
    if found.state == before:
        raise GatewayUnavailable(f"Session {complete.id} is complete and could not be applied.")
    return found


def _end(here: Installation, donation: Donation, superseded: CheckoutSession) -> None:
    """Nobody was shown this page; from now on nobody can pay it."""
    log.warning("session_superseded", donation=donation.public_id, session=superseded.id)
    try:
        here.gateway.expire_session(superseded.id)
    except GatewayRefused as error:
        # It is over already: another request has ended it, or its time was up.
        log.warning("session_not_ended", session=superseded.id, error=str(error))


def _wait_for_twin(here: Installation, donation: Donation) -> Donation:
    """The same form, posted at the same moment, is being answered: its page is ours too."""
    for _ in range(20):
        clock.pause(0.25)
        found = _again(here, donation)
        if found.session_url:
            return found
    raise GatewayBusy("The same form is still being worked on.")


def _again(here: Installation, donation: Donation) -> Donation:
    with here.sessions() as session:
        return session.get_one(Donation, donation.id)


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
    if session_requests.needs_lookup(donation, call, clock.now()):
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
    here: Installation, asked: CheckoutRequest, donation: Donation, call: StripeRequest
) -> tuple[Donation, StripeRequest]:
    """What Stripe did under a key that is of no use any more; where it did nothing, another call is begun."""
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
            session, donation, parameters, clock.now(), looked_up=looked_up
        )
        return donation, call
