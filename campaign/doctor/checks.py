"""The checks by name, in the order in which `campaign doctor` makes them."""

from collections.abc import Iterator, Mapping

from campaign.core.errors import GatewayRefused, GatewayUnavailable
from campaign.doctor.event_checks import check_delivery, check_unapplied_events
from campaign.doctor.findings import Check, Finding, fault
from campaign.doctor.stripe_checks import (
    check_adaptive_pricing,
    check_answer,
    check_endpoint,
    check_key,
    check_live_settings,
    check_permissions,
    check_portal,
)
from campaign.runtime.context import Installation

FIRST = "Stripe's answer"
"""Without it, the checks that need Stripe are left out."""

STRIPE_CHECKS: Mapping[str, Check] = {
    "Stripe's key": check_key,
    FIRST: check_answer,
    "Stripe's permissions": check_permissions,
    "Webhook endpoint": check_endpoint,
    "Webhook deliveries": check_delivery,
    "Customer portal": check_portal,
    "Adaptive Pricing": check_adaptive_pricing,
}

CHECKS: Mapping[str, Check] = {
    "Settings": check_live_settings,
    **STRIPE_CHECKS,
    "Stripe events": check_unapplied_events,
}


def run_checks(installation: Installation) -> Iterator[tuple[str, Finding]]:
    """Yield (name of the check, finding) for every check. One that Stripe does not let us make is a fault."""
    silent = False
    for name, check in CHECKS.items():
        if silent and name in STRIPE_CHECKS:
            continue
        try:
            for found in check(installation):
                yield name, found
        except (GatewayUnavailable, GatewayRefused) as error:
            silent = silent or name == FIRST
            yield name, fault(f"It could not be checked. {error}")
