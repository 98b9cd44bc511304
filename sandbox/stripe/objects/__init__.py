"""Builders of complete objects with every member that Stripe's schema requires. Pure functions that return JSON."""

from sandbox.stripe.state import Json


def listing(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def no_address() -> Json:
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    return dict.fromkeys(names)


def billing_details(email: str | None, name: str | None, address: Json | None = None) -> Json:
    """Return whose card or account it is. `address` has the parts that were entered."""
    entered = {**no_address(), **(address or {})}
    return {"address": entered, "email": email, "name": name, "phone": None, "tax_id": None}


def unset(names: str) -> Json:
    """Return members with the value None."""
    return dict.fromkeys(names.split())
