"""A stateful stand-in for Stripe's server, over real HTTP. API version 2026-10-28.endive.

Tests and `./dev run` use it; `campaign/` and `workers/` never do. It refuses what Stripe refuses, and says
so where it cannot imitate something rather than pretend.
"""

from sandbox.stripe.errors import CardDeclined, Refused
from sandbox.stripe.server import StripeSandbox

__all__ = ["CardDeclined", "Refused", "StripeSandbox"]
