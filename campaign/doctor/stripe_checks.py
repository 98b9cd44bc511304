"""How the account at Stripe is set up: key, permissions, webhook endpoint, portal, clock."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from campaign.core import clock
from campaign.core.live_mode import live_faults
from campaign.core.outside_text import read_our_url
from campaign.doctor.findings import Finding, fault, note, ok
from campaign.gateway import API_VERSION, is_our_version
from campaign.runtime.context import Installation
from campaign.stripe_events.registry import HANDLERS

if TYPE_CHECKING:
    from campaign.gateway.account import EventEndpoint

WEBHOOK_PATH = "/stripe/webhook"
CLOCK_TOLERANCE = timedelta(seconds=60)
"""The webhook refuses what is more than 300 seconds off, so this is early enough to notice."""

_LOCAL = ("localhost", "127.0.0.1", "::1")
_NEW_ENDPOINT = (
    "In Stripe's Workbench, under Webhooks, create one with API version"
    f" {API_VERSION} and the events of docs/operating.md, and add its secret to STRIPE_WEBHOOK_SECRET."
)


def check_live_settings(installation: Installation) -> Iterator[Finding]:
    """Name what keeps the service from starting with a live key."""
    if not installation.settings.livemode:
        yield ok("With a test key, the service starts with settings for tests.")
        return
    faults = [f"{name}: {why}." for name, why in live_faults(installation.settings)]
    for words in faults:
        yield fault(f"The service does not start with a live key. {words}")
    if not faults:
        yield ok("The service starts with the live key.")


def check_key(installation: Installation) -> Iterator[Finding]:
    """Compare the key's mode with the site's address."""
    site = read_our_url(installation.settings.site_url)
    public = site.scheme == "https" and site.hostname not in _LOCAL
    if not installation.settings.livemode:
        yield note(
            "STRIPE_SECRET_KEY is a test key: no real money moves. Use the live key when gifts are to be real."
        )
    elif public:
        yield ok("STRIPE_SECRET_KEY is a live key, and SITE_URL is public.")
    else:
        yield fault(
            f"STRIPE_SECRET_KEY is a live key, but SITE_URL is {installation.settings.site_url}, where Stripe"
            " delivers no events. Set SITE_URL to the public https address, or use a test key."
        )


def check_answer(installation: Installation) -> Iterator[Finding]:
    """Compare the clocks, and look at the account's default API version."""
    asked_at = clock.now()
    answer = installation.gateway.account.read_answer()
    if answer.date is None:
        yield note("Stripe's answer has no date, so our clock could not be compared. Check it.")
    else:
        yield _compare_clocks(max(asked_at - answer.date, answer.date - clock.now()))
    version = answer.default_version
    if is_our_version(version):
        yield ok(f"The account's default API version is {version}.")
    else:
        yield note(
            f"The account's default API version is {version or 'unknown'}. Lost events are listed in it, and"
            " applied by reading their objects again. Nothing has to be done."
        )


def _compare_clocks(apart: timedelta) -> Finding:
    if apart <= CLOCK_TOLERANCE:
        return ok("Our clock agrees with Stripe's.")
    return fault(
        f"Our clock is {int(apart.total_seconds())} seconds off Stripe's; webhooks are refused from 300 seconds"
        " on. Turn on time synchronization (NTP) on this server."
    )


def check_permissions(installation: Installation) -> Iterator[Finding]:
    """Read one object of each kind that this service reads."""
    unreadable = installation.gateway.account.list_unreadable()
    for name, permission in unreadable:
        named = f" ({permission})" if permission else ""
        yield fault(
            f"The key may not read {name}{named}. In Stripe's dashboard, under Developers, API keys, give the"
            " restricted key this permission."
        )
    if not unreadable:
        yield ok("The key may read everything that is needed.")


def check_endpoint(installation: Installation) -> Iterator[Finding]:
    """Look for our webhook endpoint: whether it is enabled, its API version and event types."""
    settings = installation.settings
    address = settings.site_url.rstrip("/") + WEBHOOK_PATH
    listed = installation.gateway.account.list_endpoints()
    ours = [one for one in listed if one.url.rstrip("/") == address]
    enabled = [one for one in ours if one.enabled and one.livemode is settings.livemode]
    if enabled:
        yield from (_compare_version(installation, one) for one in enabled)
        yield _compare_events(enabled)
    elif ours:
        yield fault(
            f"The webhook endpoint {ours[0].id} at {address} is disabled. Enable it in Stripe's Workbench, under"
            " Webhooks, then run `campaign events recover`."
        )
    else:
        yield fault(f"Stripe has no webhook endpoint at {address}. {_NEW_ENDPOINT}")


def _compare_version(installation: Installation, endpoint: "EventEndpoint") -> Finding:
    version = endpoint.api_version or installation.gateway.account.read_answer().default_version
    if is_our_version(version):
        return ok(f"The webhook endpoint {endpoint.id} is enabled, in API version {version}.")
    return fault(
        f"The webhook endpoint {endpoint.id} is in API version {version or 'unknown'}, ours is {API_VERSION}: each"
        f" event's object has to be read again at Stripe. {_NEW_ENDPOINT} Then delete the old one."
    )


def _compare_events(enabled: Sequence["EventEndpoint"]) -> Finding:
    """Compare the event types of all enabled endpoints together with those that are needed."""
    missed = set.intersection(*(set(one.misses(HANDLERS)) for one in enabled))
    if not missed:
        return ok(f"It is subscribed to all {len(HANDLERS)} event types that are needed.")
    return fault(
        f"The webhook endpoint {enabled[0].id} is not subscribed to {', '.join(sorted(missed))}. Add them in"
        " Stripe's Workbench, under Webhooks."
    )


def check_portal(installation: Installation) -> Iterator[Finding]:
    """Look whether donors of monthly gifts can change their card."""
    portal = installation.gateway.account.read_portal()
    if portal is None or not portal.active:
        yield fault(
            "The settings of Stripe's customer portal were never saved, so donors cannot change their card. Save"
            " them in Stripe's dashboard, under Settings, Billing, Customer portal."
        )
    elif not portal.updates_cards:
        yield fault(
            "Stripe's customer portal does not let donors change their card. In Stripe's dashboard, under"
            " Settings, Billing, Customer portal, let customers update payment methods."
        )
    else:
        yield ok("Donors can change their card in Stripe's customer portal.")


def check_adaptive_pricing(installation: Installation) -> Iterator[Finding]:
    """Look whether Stripe may show the newest gift's amount in another currency."""
    found = installation.gateway.account.find_adapted_session()
    if found is None:
        yield ok("Adaptive Pricing is off for gifts.")
    else:
        yield fault(
            f"Adaptive Pricing is on for the newest checkout session, {found}: donors see another currency than"
            " the form's. Turn it off in Stripe's dashboard, under Settings, Payments, Adaptive Pricing."
        )
