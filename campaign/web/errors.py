"""Errors as pages: what happened, in words, and the way on. Never a stack trace to a reader."""

from flask import Flask, Response, make_response, render_template, request, url_for
from flask_babel import lazy_gettext
from flask_limiter.errors import RateLimitExceeded
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog import get_logger
from werkzeug.exceptions import HTTPException

from campaign.core.errors import NotFound
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
            "For your safety it was not accepted. Please open the appeal here and give from there."
        ),
    ),
    404: (
        lazy_gettext("There is nothing at this address"),
        lazy_gettext("The address may be incomplete, or the page has moved."),
    ),
    405: (
        lazy_gettext("This page cannot be used that way"),
        lazy_gettext("Please start from the appeal."),
    ),
    413: (lazy_gettext("That was too large"), lazy_gettext("Please shorten what you sent.")),
    429: (
        lazy_gettext("That was a little too often"),
        lazy_gettext("Please wait a minute and try again."),
    ),
    500: (
        lazy_gettext("Something went wrong on our side"),
        lazy_gettext("It has been noted. Nothing was charged by this page."),
    ),
    503: (
        lazy_gettext("We cannot answer right now"),
        lazy_gettext("Please try again in a minute. Nothing was charged."),
    ),
}

_API_WORDS = {
    404: "There is nothing at this address; /api/openapi.json lists what there is.",
    405: "This address is read with GET.",
    429: "Wait as long as Retry-After says.",
    500: "Something went wrong on our side; it has been noted.",
    503: "The database is away; try again in a minute.",
}


def register(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.before_request(_refuse_unprintable)
    app.register_error_handler(RateLimitExceeded, _limited)
    app.register_error_handler(NotFound, lambda _error: _page(404))
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeoutError, _database_away)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _refuse_unprintable() -> Response | None:
    """PostgreSQL holds no NUL, so nothing can be at such an address."""
    return _page(404) if "\x00" in request.path else None


def _page(status: int, headers: dict[str, str] | None = None) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, _API_WORDS.get(status, "See the status."), headers)
    title, text = _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    _speak_to_browser()
    home = url_for("public.home", lang=shared_language())
    values = {"status": status, "title": title, "text": text, "home_url": home}
    page = render_template("errors/error.html", page_title=title, error=values)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def _speak_to_browser() -> None:
    """No cache keeps this page, so it may follow what the browser asks for where the address names no language."""
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


def _database_away(error: Exception) -> Response:
    log.error("database_unavailable", error=str(error.__class__.__name__))
    return _page(503, {"Retry-After": "30"})


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", path=request.path, exc_info=error)
    return _page(500)
