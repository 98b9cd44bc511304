"""The page of a monthly or yearly gift at a secret address: its status and changes."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import (
    ChangeRefused,
    FactMismatch,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.ledger.subscription_donations import find_subscription, first_donation
from campaign.models import Subscription
from campaign.subscriptions import change_flow
from campaign.subscriptions.change_requests import pause_end
from campaign.web.appeal.page import Notice
from campaign.web.context import installation
from campaign.web.language import page_language, requested_language, translate_error, use_language
from campaign.web.limits import hashed_key, limiter
from campaign.web.origins import refuse_cross_site
from campaign.web.portal.subscription_page import (
    ChangeForm,
    read_amount,
    read_months,
    render_subscription,
)

blueprint = Blueprint("subscriptions", __name__, url_prefix="/subscriptions/<token>")
log = get_logger(__name__)

RETRY_AFTER = 30
"""Seconds in the `Retry-After` header when Stripe is unreachable."""


CHANGING = "20 per minute; 100 per hour"
"""Rate limit for one gift, over all clients."""


def _gift() -> str:
    return hashed_key("subscription", str((request.view_args or {}).get("token")))


@blueprint.before_request
def _check_origin() -> None:
    if request.method == "POST":
        refuse_cross_site()


@blueprint.get("")
def page(token: str) -> ResponseReturnValue:
    """Show the gift's status; ask Stripe for it if no event has reported it yet."""
    found = _found(token)
    if found.current_period_end is None and not found.ended_at:
        _try_stripe(lambda: change_flow.refresh(installation(), found))
    return _page(token, done=request.args.get("message", ""))


@blueprint.post("/amount")
@limiter.limit(CHANGING, key_func=_gift)
def amount(token: str) -> ResponseReturnValue:
    """Change the amount from the next charge on."""
    found, form = _found(token), ChangeForm(formdata=request.form)
    wanted = read_amount(form, found)
    if wanted is None:
        return _page(token, form, status=422)
    return _done(
        token, "amount", form, lambda: change_flow.change_amount(installation(), found, wanted)
    )


@blueprint.post("/pause")
@limiter.limit(CHANGING, key_func=_gift)
def pause(token: str) -> ResponseReturnValue:
    """Pause the gift for some months."""
    found, form = _found(token), ChangeForm(formdata=request.form)
    months = read_months(form)
    if months is None:
        return _page(token, form, status=422)
    zone = clock.zone(installation().settings.organization.timezone)
    until = pause_end(found, months, clock.now(), zone)
    return _done(token, "pause", form, lambda: change_flow.pause(installation(), found, until))


@blueprint.post("/resume")
@limiter.limit(CHANGING, key_func=_gift)
def resume(token: str) -> ResponseReturnValue:
    """Resume a paused gift, or keep one that is set to end."""
    found = _found(token)
    return _done(token, "resume", None, lambda: change_flow.resume(installation(), found))


@blueprint.get("/cancel")
def confirm_cancel(token: str) -> ResponseReturnValue:
    """Ask for confirmation, and explain what canceling means."""
    return _page(token, template="donor/subscription_cancel.html")


@blueprint.post("/cancel")
@limiter.limit(CHANGING, key_func=_gift)
def cancel(token: str) -> ResponseReturnValue:
    """Cancel the gift immediately."""
    found = _found(token)
    return _done(token, "end", None, lambda: change_flow.cancel(installation(), found, None))


@blueprint.post("/card")
@limiter.limit(CHANGING, key_func=_gift)
def card(token: str) -> ResponseReturnValue:
    """Redirect to Stripe's page for a new card, which returns to `card_given`."""
    found = _found(token)
    here = url_for(".card_given", token=found.token, lang=requested_language() or None)
    back = installation().address(here)
    try:
        return redirect(
            change_flow.open_card_page(installation(), found, back, page_language().locale), 303
        )
    except (ChangeRefused, GatewayRefused, GatewayUnavailable) as error:
        return _show_error(token, None, error)


@blueprint.get("/card")
def card_given(token: str) -> ResponseReturnValue:
    """Handle the return from Stripe's page: charge the card chosen there from now on."""
    found = _found(token)
    taken = _try_stripe(lambda: change_flow.use_new_card(installation(), found))
    if not taken:
        return _show_error(token, None, GatewayUnavailable())
    return redirect(_address(token, "card"), 303)


def _found(token: str) -> Subscription:
    with installation().sessions() as session:
        found = find_subscription(session, token)
        use_language(first_donation(session, found).locale)
        return found


def _address(token: str, done: str) -> str:
    """Return the page's URL with its confirmation message and the requested language."""
    return url_for(".page", token=token, message=done, lang=requested_language() or None)


def _done(
    token: str, done: str, form: ChangeForm | None, change: Callable[[], object]
) -> ResponseReturnValue:
    """Make the change and redirect to the page, or show the page with the error and what was typed."""
    try:
        change()
    except (ChangeRefused, GatewayRefused, GatewayUnavailable) as error:
        return _show_error(token, form, error)
    return redirect(_address(token, done), 303)


def _show_error(token: str, form: ChangeForm | None, error: Exception) -> ResponseReturnValue:
    log.warning("subscription_not_changed", error=repr(error))
    if isinstance(error, ChangeRefused):
        return _page(
            token,
            form,
            notice=Notice(
                "closed", page_language().gettext("Nothing was changed"), translate_error(error)
            ),
            status=409,
        )
    if isinstance(error, GatewayRefused):
        # The gift may have been changed or canceled at Stripe, and the event may not have arrived.
        found = _found(token)
        _try_stripe(lambda: change_flow.refresh(installation(), found))
        return _page(token, form, notice=_REFUSED, status=422)
    answer = _page(token, form, notice=_UNAVAILABLE, status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _page(
    token: str,
    form: ChangeForm | None = None,
    *,
    notice: Notice | None = None,
    done: str = "",
    status: int = 200,
    template: str = "donor/subscription.html",
) -> Response:
    with installation().sessions() as session:
        found = find_subscription(session, token)
        use_language(first_donation(session, found).locale)
        return render_subscription(
            session, found, form, notice=notice, done=done, status=status, template=template
        )


def _try_stripe(ask: Callable[[], object]) -> bool:
    """Call `ask`. Returns False, and logs why, if Stripe is unreachable, rejects it or contradicts our record."""
    try:
        ask()
    except (ChangeRefused, FactMismatch, GatewayRefused, GatewayUnavailable) as error:
        log.warning("subscription_not_read", error=repr(error))
        return False
    return True


_REFUSED = Notice(
    "unavailable",
    lazy_gettext("Our payment service declined this change"),
    lazy_gettext(
        "Nothing was changed. Please check what you typed, or contact us and we will make the change for you."
    ),
)
_UNAVAILABLE = Notice(
    "unavailable",
    lazy_gettext("We cannot reach our payment service right now"),
    lazy_gettext(
        "What you typed is still here. Please try again in a minute. It is safe to send the change twice."
    ),
)
