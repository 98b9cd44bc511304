"""A stateful simulation of Stripe's server over real HTTP. API version 2026-10-28.endive.

Tests and `./dev run` use it; `campaign/` and `workers/` never do. It rejects what Stripe rejects, and returns
an error for anything that it does not support.
"""

from sandbox.stripe.errors import CardDeclined, Refused
from sandbox.stripe.server import StripeSandbox

__all__ = ["CardDeclined", "Refused", "StripeSandbox"]
