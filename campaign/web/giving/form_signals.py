"""What a posted donation form says about who sent it, without cookies or tracking: its age, its trap, its honesty.

The appeal page is the same for every reader, so the time at which it was rendered is in the form, signed. Nothing here
is required: a client that posts only the fields of the contract has no age, and counts as scripted.
"""

from datetime import datetime

from flask import request
from itsdangerous import BadSignature, Signer

from campaign.core import clock
from campaign.web.context import installation
from campaign.web.forms import GiftForm

_CLOCK_TOLERANCE = 5.0
"""Seconds by which another web server's clock may be ahead of ours."""


def sign_rendering(at: datetime) -> str:
    """Return the signed time of rendering, for the form's hidden field."""
    return _signer().sign(str(int(at.timestamp()))).decode()


def seconds_since_rendering(signed: str | None, at: datetime) -> float | None:
    """Return how long before `at` the form was rendered; None if the time is missing, forged or in the future."""
    try:
        rendered = int(_signer().unsign(signed or ""))
    except (BadSignature, ValueError):
        return None
    age = at.timestamp() - rendered
    return max(0.0, age) if age >= -_CLOCK_TOLERANCE else None


def keep_rendering(form: GiftForm) -> None:
    """Keep the form's signed time if it is ours, so that a form that is shown again keeps its age; else sign a new one.

    The trap is emptied: what a password manager typed there once must not be held against the donor again.
    """
    if seconds_since_rendering(form.rendered.data, clock.now()) is None:
        form.rendered.data = sign_rendering(clock.now())
    form.website.data = ""


def fell_into_trap(form: GiftForm) -> bool:
    """Whether the field was filled in that people neither see nor hear."""
    return bool((form.website.data or "").strip())


def is_scripted(form: GiftForm) -> bool:
    """Whether fields are missing that the review page always sends: no browser sent this through our pages."""
    sent = (form.attempt.data, form.reviewed.data, form.rendered.data, request.form.get("lang"))
    return not all(sent)


def _signer() -> Signer:
    return Signer(installation().settings.secret_key, salt="donation form rendered at")
