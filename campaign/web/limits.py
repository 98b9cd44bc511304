"""Rate limits: how often one person or network may send a form, and the keys that identify them.

What a limit counts is at least as wide as what the form's text then finds, so every spelling of an address counts as
one. Keys are hashed: the store of limits holds no address. People in a library share one network, so for giving the
network alone is never the key.

If the store is out of reach, each process counts for itself: donations go on, and guesses get fewer tries.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlunsplit

from flask import Flask, make_response, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from redis.backoff import NoBackoff
from redis.retry import Retry
from structlog import get_logger
from werkzeug.exceptions import RequestEntityTooLarge

from campaign.core.normal_forms.mailboxes import mailbox_key
from campaign.core.normal_forms.networks import network_key
from campaign.core.outside_text import read_our_url, read_whole
from campaign.core.secrets import keyed_hash
from campaign.core.settings import Settings
from campaign.web.context import installation

GIVING = "20 per minute; 100 per hour"
"""Per person; two hundred different people within a second are never limited."""
SIGN_IN_LINKS = "4 per 15 minutes"
SIGN_IN_LINKS_PER_ADDRESS = "30 per hour"
"""For one-time links by email: to one mailbox, and from one network. Staff and donors are counted separately."""
MAILED = "6 per hour"
"""For emails that anybody can have sent to a mailbox, by whichever form: a few an hour over all of them."""
CAREFUL = "3 per 15 minutes"
"""For guesses while the store is out of reach: each process counts for itself then."""

STORE_SECONDS = 0.5
"""How long a request waits for the store. After one failure the store is asked rarely until it answers again."""

KeyOf = Callable[[], str]
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

log = get_logger(__name__)


def hashed_key(*parts: str) -> str:
    """Return a short key for these parts that does not reveal them, not even to someone who can guess them."""
    return keyed_hash(installation().settings.secret_key, "rate limit", *parts)


def client_network() -> str:
    """Return the key of the network that the request comes from, as plain text."""
    return network_key(request.remote_addr or "")


def typed_mailbox() -> str:
    """Return the key of the mailbox typed in the form, as plain text; '' if the form is too large to read."""
    try:
        return mailbox_key(request.form.get("email", ""))
    except RequestEntityTooLarge:
        return ""


def _person() -> str:
    return hashed_key("person", client_network(), typed_mailbox())


limiter = Limiter(key_func=_person)


class GuessLimit(NamedTuple):
    """How often guesses with the same key may be wrong; `careful` while the store is out of reach."""

    rate: str
    key_of: KeyOf
    careful: str = CAREFUL


def _mailbox() -> str:
    return hashed_key("mailbox", typed_mailbox())


def limit_mail(view: View) -> View:
    """Limit how many emails all forms together send to the mailbox that is typed in the form.

    A form with errors sends nothing and is given back.
    """

    @wraps(view)
    def mailed(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        response = make_response(view(*args, **kwargs))
        if response.status_code >= 400:
            _give_back(shared=True)
        return response

    shared: Any = limiter.shared_limit(MAILED, scope="mail", key_func=_mailbox)
    return cast("View", shared(mailed))


def limit_guesses(*limits: GuessLimit) -> Callable[[View], View]:
    """Limit how often a view may refuse a guess.

    A guess counts before the view looks at it, so of many guesses at once no more are looked at than the rate allows.
    A good answer is given back afterwards.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            response = make_response(view(*args, **kwargs))
            if response.status_code < 400:
                _give_back()
            return response

        limited: Any = counted
        for one in limits:
            limited = limiter.limit(_current(one), key_func=one.key_of)(limited)
        return cast("View", limited)

    return decorate


def _current(limit: GuessLimit) -> Callable[[], str]:
    return lambda: limit.careful if store_is_down() else limit.rate


def store_is_down() -> bool:
    """Return whether this process counts for itself, because the store is out of reach."""
    return limiter.limiter.storage is not limiter.storage


def _give_back(*, shared: bool = False) -> None:
    """Undo the counts of this request, or only those shared with other forms.

    If the store fails meanwhile, they stand until their window ends.
    """
    storage = limiter.limiter.storage
    for counted in limiter.current_limits:
        if shared and not counted.shared:
            continue
        limit = counted.limit
        try:
            storage.incr(limit.key_for(*counted.request_args), limit.get_expiry(), amount=-1)
        except Exception as error:  # noqa: BLE001 - whatever the store raises must not undo a sign-in
            log.warning("limit_not_given_back", error=type(error).__name__)
            return


def prepare(app: Flask, settings: Settings) -> None:
    """Set up the store of limits for `app`."""
    app.config.update(
        RATELIMIT_STORAGE_URI=store_url(settings),
        RATELIMIT_STORAGE_OPTIONS=_store_options(store_url(settings)),
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    # One limiter serves every application of a process; it starts each with that application's store.
    limiter._storage_dead = False
    limiter.init_app(app)


def store_url(settings: Settings) -> str:
    """Return `LIMITS_URL`, else the database after the broker's own on a Redis broker, else each process's memory.

    Never the broker's own database: limits may be evicted or emptied, tasks may not.
    """
    if settings.limits_url:
        return settings.limits_url
    parts = read_our_url(settings.broker_url or "")
    if parts.scheme not in {"redis", "rediss"}:
        return "memory://"
    number = read_whole(parts.path.strip("/")) or 0
    return urlunsplit(parts._replace(path=f"/{number + 1}"))


def _store_options(url: str) -> dict[str, Any]:
    if not url.startswith(("redis://", "rediss://")):
        return {}
    return {
        "socket_connect_timeout": STORE_SECONDS,
        "socket_timeout": STORE_SECONDS,
        # By default the client tries again for seconds, and the reader waits.
        "retry": Retry(NoBackoff(), 0),
    }
