"""Error pages: what happened and what to do next. Readers never see a stack trace."""

from flask import Flask, Response, make_response, render_template, request, url_for
from flask_babel import lazy_gettext
from flask_limiter.errors import RateLimitExceeded
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog import get_logger
from werkzeug.exceptions import HTTPException

from campaign.core.errors import NotFound, ReceiptsHeld
from campaign.core.i18n import ENGLISH, get_language, languages
from campaign.web.api.problems import problem
from campaign.web.giving.donate import rate_limited
from campaign.web.language import (
    is_staff_page,
    page_language,
    requested_language,
    shared_language,
    use_language,
)

log = get_logger(__name__)

_WORDS: dict[int, tuple[object, object]] = {
    400: (
        lazy_gettext("We could not read that request"),
        lazy_gettext("Please go back and try again."),
    ),
    403: (
        lazy_gettext("This form was sent from another site"),
        lazy_gettext(
            "To protect you, we did not accept it. Please open the campaign page and give from there."
        ),
    ),
    404: (
        lazy_gettext("Page not found"),
        lazy_gettext("The address may be incomplete, or the page may have moved."),
    ),
    405: (
        lazy_gettext("This page does not accept that request"),
        lazy_gettext("Please start from the campaign page."),
    ),
    413: (
        lazy_gettext("What you sent is too large"),
        lazy_gettext("Please shorten it and try again."),
    ),
    429: (
        lazy_gettext("Too many tries"),
        lazy_gettext("Please wait a minute and try again."),
    ),
    500: (
        lazy_gettext("Something went wrong on our side"),
        lazy_gettext("We have recorded the error. This page did not charge you."),
    ),
    503: (
        lazy_gettext("The site is temporarily unavailable"),
        lazy_gettext("Please try again in a minute. Nothing was charged."),
    ),
}

_HELD = "Nothing was saved: receipts wait after a restore"
"""Staff pages are in English."""

_API_WORDS = {
    404: "Not found. /api/openapi.json lists the endpoints.",
    405: "Use GET for this address.",
    429: "Too many requests. Wait for the number of seconds in Retry-After.",
    500: "Something went wrong on our side. We have recorded the error.",
    503: "The database is unavailable. Try again in a minute.",
}


def register(app: Flask) -> None:
    """Register handlers that answer every error with one of our pages."""
    app.before_request(_reject_nul)
    app.register_error_handler(RateLimitExceeded, _limited)
    app.register_error_handler(NotFound, lambda _error: _page(404))
    app.register_error_handler(ReceiptsHeld, _receipts_held)
    app.register_error_handler(OperationalError, _database_unavailable)
    app.register_error_handler(PoolTimeoutError, _database_unavailable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _reject_nul() -> Response | None:
    """Answer 404 to an address with a NUL: PostgreSQL cannot store one, so no such page exists."""
    return _page(404) if "\x00" in request.path else None


def _page(
    status: int, headers: dict[str, str] | None = None, words: tuple[object, object] | None = None
) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, _API_WORDS.get(status, "See the status code."), headers)
    title, text = words or _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    _speak_to_browser()
    home = url_for("public.home", lang=shared_language())
    values = {"status": status, "title": title, "text": text, "home_url": home}
    page = render_template("errors/error.html", page_title=title, error=values)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def _speak_to_browser() -> None:
    """Use the browser's language if the address names none; error pages are not cached, so they may vary."""
    if (
        page_language().locale == ENGLISH
        and not requested_language()
        and not is_staff_page(request.path)
    ):
        known = [get_language(name).locale for name in languages()]
        use_language(request.accept_languages.best_match(known) or ENGLISH)


def _limited(error: RateLimitExceeded) -> Response:
    retry_after = int(error.limit.limit.get_expiry()) if error.limit else 60
    slug = (request.view_args or {}).get("slug")
    if slug and request.endpoint == "donate.give":
        return rate_limited(slug, retry_after)
    return _page(429, {"Retry-After": str(retry_after)})


def _http_error(error: HTTPException) -> Response:
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    kept = dict(error.get_headers())
    kept.pop("Content-Type", None)
    return _page(error.code or 500, kept)


def _database_unavailable(error: Exception) -> Response:
    log.error("database_unavailable", error=str(error.__class__.__name__))
    return _page(503, {"Retry-After": "30"})


def _receipts_held(error: ReceiptsHeld) -> Response:
    """Tell a staff member whose gift or correction needs a receipt; donors' payments wait in the inbox."""
    log.warning("receipts_held", path=request.path)
    return _page(503, {"Retry-After": "60"}, (_HELD, str(error)))


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", path=request.path, exc_info=error)
    return _page(500)
