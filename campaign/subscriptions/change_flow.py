"""Change a monthly or yearly gift: record the request, commit, call Stripe, apply the response, commit.

For the donor's page and for staff. Every function here may raise GatewayUnavailable (retry later), GatewayRefused or
ChangeRefused. Repeating an interrupted request sets the same state.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from campaign.audit.audit_log import Actor
from campaign.audit.stripe_requests import record_failure, record_response, without_token
from campaign.core import clock, money
from campaign.core.errors import ChangeRefused, GatewayKeySpent, GatewayRefused
from campaign.core.task_queue import OUTBOX
from campaign.gateway import SubscriptionFact, stripe_language
from campaign.models import StripeRequest, Subscription, SubscriptionState
from campaign.runtime.context import Installation
from campaign.subscriptions import change_requests
from campaign.subscriptions.subscription_events import apply_answer, latest_event

_Answer = TypeVar("_Answer")


def cancel(
    installation: Installation,
    subscription: Subscription,
    by: Actor | None,
    *,
    later: bool = False,
) -> Subscription:
    """Cancel the gift immediately, or `later`, at the end of the current period.

    `by` is the staff member, or None for the donor. A staff member's request is logged before Stripe is called.
    """
    calls = installation.gateway.subscriptions
    if later:
        return _update(
            installation,
            subscription,
            change_requests.CANCEL_LATER,
            change_requests.cancel_later_parameters(),
            by,
        )
    comment = {"comment": f"Canceled by {'staff' if by else 'the donor'}."}
    try:
        return _change(
            installation,
            subscription,
            change_requests.CANCEL,
            comment,
            lambda call: calls.cancel(subscription.stripe_id, call.parameters["comment"]),
            by,
        )
    except GatewayRefused:
        found = refresh(installation, subscription)
        if found.state != SubscriptionState.ended:
            raise
        return found


def pause(
    installation: Installation, subscription: Subscription, until: datetime, by: Actor | None = None
) -> Subscription:
    """Pause charges until `until`; charges due before then are skipped."""
    return _update(
        installation,
        subscription,
        change_requests.PAUSE,
        change_requests.pause_parameters(until),
        by,
    )


def resume(
    installation: Installation, subscription: Subscription, by: Actor | None = None
) -> Subscription:
    """Resume the gift: end a pause, or undo a cancellation at the end of the period or at a date."""
    fact = installation.gateway.subscriptions.retrieve(subscription.stripe_id)
    wanted = change_requests.resume_parameters(fact)
    return _update(installation, subscription, change_requests.RESUME, wanted, by)


def change_amount(
    installation: Installation, subscription: Subscription, amount: int, by: Actor | None = None
) -> Subscription:
    """Change the amount, in minor units, from the next charge on; covered fees are recalculated."""
    fee_cover = cover_for(installation, subscription, amount)
    if amount + fee_cover > money.LARGEST_CHARGE:
        raise ChangeRefused("This amount is more than we can charge at one time.")
    fact = installation.gateway.subscriptions.retrieve(subscription.stripe_id)
    wanted = change_requests.amount_parameters(subscription, fact, amount, fee_cover)
    return _update(installation, subscription, change_requests.AMOUNT, wanted, by)


def cover_for(installation: Installation, subscription: Subscription, amount: int) -> int:
    """Return what covers the fees of `amount`, in minor units; 0 if the donor does not cover them."""
    if not subscription.fee_cover:
        return 0
    settings = installation.settings
    return money.calculate_fee_cover(
        amount, settings.card_fee_rate, settings.card_fee_fixed, subscription.currency
    )


def open_card_page(
    installation: Installation, subscription: Subscription, return_url: str, language: str
) -> str:
    """Return the URL of Stripe's page for entering a new card. `language` is a BCP 47 tag."""
    if subscription.customer_id is None:
        subscription = refresh(installation, subscription)
    customer_id = subscription.customer_id
    if customer_id is None:
        raise GatewayRefused("Stripe reports no customer for this gift.")
    spoken = stripe_language(language)
    parameters = {"customer": customer_id, "return_url": return_url, "locale": spoken}
    saved = without_token(parameters, subscription.token)
    call, _ = _plan(installation, subscription, change_requests.CARD_PAGE, saved)
    address = _send(
        installation,
        call,
        lambda: installation.gateway.subscriptions.create_portal_session(
            customer_id, return_url, spoken, call.idempotency_key
        ),
    )
    with installation.sessions.begin() as session:
        record_response(session, call, customer_id, clock.now())
    return address


def use_new_card(installation: Installation, subscription: Subscription) -> None:
    """Charge the card that the donor entered on Stripe's page from now on.

    That page only sets the customer's default card; a subscription created by Checkout keeps its own.
    https://docs.stripe.com/customer-management/portal-deep-links
    """
    cards = installation.gateway.subscriptions.payment_methods(subscription.stripe_id)
    if cards.selected and cards.selected != cards.current:
        wanted = {"default_payment_method": cards.selected}
        _update(installation, subscription, change_requests.CARD, wanted)


def refresh(installation: Installation, subscription: Subscription) -> Subscription:
    """Read the gift's current state from Stripe and return the updated gift."""
    fact = installation.gateway.subscriptions.retrieve(subscription.stripe_id)
    return _apply_response(installation, subscription, fact)


def _update(
    installation: Installation,
    subscription: Subscription,
    operation: str,
    parameters: dict[str, Any],
    by: Actor | None = None,
) -> Subscription:
    update = installation.gateway.subscriptions.update
    return _change(
        installation,
        subscription,
        operation,
        parameters,
        lambda call: update(subscription.stripe_id, call.parameters, call.idempotency_key),
        by,
    )


def _change(
    installation: Installation,
    subscription: Subscription,
    operation: str,
    parameters: dict[str, Any],
    ask: Callable[[StripeRequest], SubscriptionFact],
    by: Actor | None = None,
) -> Subscription:
    call, current = _plan(installation, subscription, operation, parameters, by)
    fact = _send(installation, call, lambda: ask(call))
    with installation.sessions.begin() as session:
        record_response(session, call, fact.id, clock.now())
    return _apply_response(installation, current, fact)


def _plan(
    installation: Installation,
    subscription: Subscription,
    operation: str,
    parameters: dict[str, Any],
    by: Actor | None = None,
) -> tuple[StripeRequest, Subscription]:
    with installation.sessions.begin() as session:
        planned = change_requests.next_change_request(
            session, subscription.id, operation, parameters, clock.now()
        )
        if by is not None:
            change_requests.log_change(session, planned[1], by, operation, parameters)
        return planned


def _send(installation: Installation, call: StripeRequest, ask: Callable[[], _Answer]) -> _Answer:
    try:
        return ask()
    except (GatewayKeySpent, GatewayRefused) as error:
        with installation.sessions.begin() as session:
            record_failure(session, call, error)
        raise


def _apply_response(
    installation: Installation, seen: Subscription, fact: SubscriptionFact
) -> Subscription:
    """Apply a response, unless an event changed the gift after `seen` was read. Returns the current gift."""
    with installation.sessions.begin() as session:
        apply_answer(session, fact, latest_event(seen), clock.now(), installation.books)
        current = session.get_one(Subscription, seen.id)
    installation.notify(OUTBOX)
    return current
