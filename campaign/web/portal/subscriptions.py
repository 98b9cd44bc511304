"""A donor's page of a monthly or yearly gift, by secret address: how it stands, and what may be changed."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from structlog import get_logger

from campaign.core.errors import (
    ChangeRefused,
    FactMismatch,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.ledger.subscription_donations import find_subscription, first_donation
from campaign.models import Subscription
from campaign.subscriptions import change_flow
from campaign.web.appeal.page import Notice
from campaign.web.context import installation
from campaign.web.language import page_language, requested_language, translate_error, use_language
from campaign.web.limits import limiter
from campaign.web.origins import refuse_cross_site
from campaign.web.portal.subscription_page import (
    ChangeForm,
    pause_end,
    read_amount,
    read_months,
    render_subscription,
)

blueprint = Blueprint("subscriptions", __name__, url_prefix="/subscriptions/<token>")
log = get_logger(__name__)

RETRY_AFTER = 30
"""Seconds that a donor is asked to wait when Stripe is out of reach."""


CHANGING = "20 per minute; 100 per hour"
"""For one gift, from wherever."""


def _gift() -> str:
    return str((request.view_args or {}).get("token"))


@blueprint.before_request
def _only_from_here() -> None:
    if request.method == "POST":
        refuse_cross_site()


@blueprint.get("")
def page(token: str) -> ResponseReturnValue:
    """How the gift stands; asked of Stripe where no event has told it yet."""
    found = _found(token)
    if found.current_period_end is None and not found.ended_at:
        _quietly(lambda: change_flow.refresh(installation(), found))
    return _page(token, done=request.args.get("said", ""))


@blueprint.post("/amount")
@limiter.limit(CHANGING, key_func=_gift)
def amount(token: str) -> ResponseReturnValue:
    """Another amount from the next charge on."""
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
    """Rest for some months."""
    found, form = _found(token), ChangeForm(formdata=request.form)
    months = read_months(form)
    if months is None:
        return _page(token, form, status=422)
    until = pause_end(months)
    return _done(token, "pause", form, lambda: change_flow.pause(installation(), found, until))


@blueprint.post("/resume")
@limiter.limit(CHANGING, key_func=_gift)
def resume(token: str) -> ResponseReturnValue:
    """Go on after a rest, or not end after all."""
    found = _found(token)
    return _done(token, "resume", None, lambda: change_flow.resume(installation(), found))


@blueprint.get("/cancel")
def confirm_cancel(token: str) -> ResponseReturnValue:
    """Asks once more, and says what ending means."""
    return _page(token, template="donor/subscription_cancel.html")


@blueprint.post("/cancel")
@limiter.limit(CHANGING, key_func=_gift)
def cancel(token: str) -> ResponseReturnValue:
    """The end, at once."""
    found = _found(token)
    return _done(token, "end", None, lambda: change_flow.cancel(installation(), found, None))


@blueprint.post("/card")
@limiter.limit(CHANGING, key_func=_gift)
def card(token: str) -> ResponseReturnValue:
    """On to Stripe's page for another card, which leads back to `card_given`."""
    found = _found(token)
    here = url_for(".card_given", token=token, lang=requested_language() or None)
    back = installation().address(here)
    try:
        return redirect(
            change_flow.open_card_page(installation(), found, back, page_language().locale), 303
        )
    except (ChangeRefused, GatewayRefused, GatewayUnavailable) as error:
        return _not_done(token, None, error)


@blueprint.get("/card")
def card_given(token: str) -> ResponseReturnValue:
    """Back from Stripe's page: the card chosen there is charged from now on."""
    found = _found(token)
    taken = _quietly(lambda: change_flow.use_new_card(installation(), found))
    if not taken:
        return _not_done(token, None, GatewayUnavailable())
    return redirect(_address(token, "card"), 303)


def _found(token: str) -> Subscription:
    with installation().sessions() as session:
        found = find_subscription(session, token)
        use_language(first_donation(session, found).locale)
        return found


def _address(token: str, done: str) -> str:
    """The page, where it says what was done, in the language that was asked for."""
    return url_for(".page", token=token, language=done, lang=requested_language() or None)


def _done(
    token: str, done: str, form: ChangeForm | None, change: Callable[[], object]
) -> ResponseReturnValue:
    """Make the change and show the page anew; or the page as typed, with why not."""
    try:
        change()
    except (ChangeRefused, GatewayRefused, GatewayUnavailable) as error:
        return _not_done(token, form, error)
    return redirect(_address(token, done), 303)


def _not_done(token: str, form: ChangeForm | None, error: Exception) -> ResponseReturnValue:
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
        # It may have been changed or ended at Stripe without our hearing of it.
        found = _found(token)
        _quietly(lambda: change_flow.refresh(installation(), found))
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


def _quietly(ask: Callable[[], object]) -> bool:
    """Ask Stripe; False where it is out of reach or contradicts our record: the page then says what is known."""
    try:
        ask()
    except (ChangeRefused, FactMismatch, GatewayRefused, GatewayUnavailable) as error:
        log.warning("subscription_not_read", error=repr(error))
        return False
    return True


_REFUSED = Notice(
    "unavailable",
    lazy_gettext("Our payment service refused this"),
    lazy_gettext(
        "Nothing was changed. Please check what you typed, or write to us and we will do it for you."
    ),
)
_UNAVAILABLE = Notice(
    "unavailable",
    lazy_gettext("Our payment service cannot be reached right now"),
    lazy_gettext(
        "Nothing is lost, and what you typed is still here. Please try again in a minute; doing it twice does no harm."
    ),
)
