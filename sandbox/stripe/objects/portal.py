"""Customer portal sessions and webhook endpoints.

https://docs.stripe.com/api/customer_portal/sessions/object
https://docs.stripe.com/api/webhook_endpoints/object
"""

from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id


def portal_session(params: Json, created: int, public_url: str) -> Json:
    name = new_id("bps_")
    return {
        "id": name,
        "object": "billing_portal.session",
        "configuration": params.get("configuration", "bpc_sandbox"),
        "created": created,
        "customer": params["customer"],
        "customer_account": None,
        "flow": _flow(params.get("flow_data")),
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": f"{public_url}/p/session/{name}",
    }


def _flow(params: Json | None) -> Json | None:
    """Return the requested deep link with all members that Stripe includes."""
    if params is None:
        return None
    after = params.get("after_completion", {"type": "portal_homepage"})
    completion = {"hosted_confirmation": None, "redirect": None, **after}
    others = ("subscription_cancel", "subscription_update", "subscription_update_confirm")
    return {"after_completion": completion, **dict.fromkeys(others), "type": params["type"]}


def webhook_endpoint(url: str, enabled_events: list[str], created: int, **more: object) -> Json:
    return {
        "id": new_id("we_"),
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": created,
        "description": None,
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
        **more,
    }
