"""Events as Stripe words them for endpoints and accounts in other API versions."""

from typing import Any

from sandbox.stripe import StripeSandbox
from sandbox.stripe.versions import has_event, reword

OTHER_VERSIONS = ("2019-12-03", "2024-06-20", "2025-03-31.basil")


def worded(stripe: StripeSandbox, event: dict[str, Any], version: str | None) -> dict[str, Any]:
    """Return the event of the sandbox as an endpoint in `version` gets it; None: without a version, in 2019's words."""
    data = {"object": reword(stripe.account, event["data"]["object"], version or "2019-12-03")}
    return {**event, "api_version": version, "data": data}


def events_in(stripe: StripeSandbox, version: str | None) -> list[dict[str, Any]]:
    """Return every event of the sandbox, oldest first, as an endpoint in `version` gets them."""
    return [
        worded(stripe, event, version)
        for event in stripe.events()
        if has_event(version or "2019-12-03", event["type"])
    ]
