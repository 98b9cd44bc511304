"""Security headers for every response, strict enough that no inline script or style can run."""

from flask import Response

from campaign.core.outside_text import read_our_url
from campaign.web.context import installation
from campaign.web.cookies import is_secure

# Chrome and Safari apply `form-action` to redirects too, so the 303 to Stripe needs its hosts here.
_STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"
_SANDBOX_PAGES = "http://127.0.0.1:* http://localhost:*"


def add_security_headers(response: Response) -> Response:
    """Set each security header that the view has not set."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
    if is_secure(installation().settings):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def make_private(response: Response) -> Response:
    """Mark a personal page: never cached, never indexed, and its secret address never sent as a referrer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def make_private_with_forms(response: Response) -> Response:
    """Do the same for signed-in pages, whose forms must send their origin."""
    make_private(response)
    # `no-referrer` would make browsers send our own forms with `Origin: null`.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _policy() -> str:
    api = read_our_url(installation().settings.stripe_api_base)
    pages = (
        _STRIPE_PAGES if api.hostname == "api.stripe.com" else f"{_STRIPE_PAGES} {_SANDBOX_PAGES}"
    )
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" form-action 'self' {pages}; base-uri 'none'; frame-ancestors 'none'"
    )
