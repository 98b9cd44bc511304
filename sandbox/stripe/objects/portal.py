"""Customer portal sessions and configurations, webhook endpoints and the account itself.

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


def configuration(created: int, *, updates_cards: bool) -> Json:
    """Return the default configuration: https://docs.stripe.com/api/customer_portal/configurations/object."""
    return {
        "id": "bpc_sandbox",
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {
            "headline": None,
            "privacy_policy_url": None,
            "terms_of_service_url": None,
        },
        "created": created,
        "default_return_url": None,
        "features": {
            "customer_update": {"allowed_updates": [], "enabled": False},
            "invoice_history": {"enabled": True},
            "payment_method_update": {
                "enabled": updates_cards,
                "payment_method_configuration": None,
            },
            "subscription_cancel": {
                "cancellation_reason": {"enabled": False, "options": []},
                "enabled": False,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_pause": {
                "duration": {"interval_options": [], "type": "indefinite"},
                "enabled": False,
            },
            "subscription_update": {
                "billing_cycle_anchor": None,
                "default_allowed_updates": [],
                "enabled": False,
                "proration_behavior": "none",
                "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": True,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": created,
    }


def account(name: str, created: int) -> Json:
    """Return the account: https://docs.stripe.com/api/accounts/object. It does not say its default API version."""
    return {
        "id": name,
        "object": "account",
        "business_profile": {"name": "Sandbox", "url": None},
        "business_type": "non_profit",
        "capabilities": {"card_payments": "active", "us_bank_account_ach_payments": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.org",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
            "card_payments": {
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": "SANDBOX",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }
