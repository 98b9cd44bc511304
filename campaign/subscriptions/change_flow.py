"""The edge of changes to a monthly gift: write the call down, commit, ask Stripe, apply its answer, commit.

For the donor's page and the staff's commands. Everything here may raise GatewayUnavailable (try again later),
GatewayRefused or ChangeRefused. A call that was cut sets the same state when it is repeated.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from campaign.audit.audit_log import Actor
from campaign.audit.stripe_requests import record_failure, record_response
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
    """End it at once, or `later`, when the present period is over. `by` is who of the staff asks; None: the donor.

    That staff asked is logged with the call, before Stripe is asked.
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
    comment = {"comment": f"Ended by the {'staff' if by else 'donor'}."}
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
    """Charge nothing until then; what falls due meanwhile is skipped."""
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
    """Go on: take back a pause, or an end that was to come."""
    return _update(
        installation, subscription, change_requests.RESUME, change_requests.resume_parameters(), by
    )


def change_amount(
    installation: Installation, subscription: Subscription, amount: int, by: Actor | None = None
) -> Subscription:
    """Another amount, in minor units, from the next charge on; covered fees follow it."""
    fee_cover = cover_for(installation, subscription, amount)
    if amount + fee_cover > money.LARGEST_CHARGE:
        raise ChangeRefused("That is more than can be charged at once.")
    fact = installation.gateway.subscriptions.retrieve(subscription.stripe_id)
    wanted = change_requests.amount_parameters(subscription, fact, amount, fee_cover)
    return _update(installation, subscription, change_requests.AMOUNT, wanted, by)


def cover_for(installation: Installation, subscription: Subscription, amount: int) -> int:
    """What covers the fees of `amount`, where the donor covers them; minor units."""
    if not subscription.fee_cover:
        return 0
    settings = installation.settings
    return money.calculate_fee_cover(
        amount, settings.card_fee_rate, settings.card_fee_fixed, subscription.currency
    )


def open_card_page(
    installation: Installation, subscription: Subscription, return_url: str, language: str
) -> str:
    """The address of Stripe's page on which another card can be given, in `language`, a BCP 47 tag."""
    if subscription.customer_id is None:
        subscription = refresh(installation, subscription)
    customer_id = subscription.customer_id
    if customer_id is None:
        raise GatewayRefused("Stripe names no customer of this gift.")
    spoken = stripe_language(language)
    parameters = {"customer": customer_id, "return_url": return_url, "locale": spoken}
    call, _ = _planned(installation, subscription, change_requests.CARD_PAGE, parameters)
    address = _kept(
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
    """Charge the card that the donor gave on Stripe's page from now on.

    That page makes it the customer's card; a subscription that began in a checkout goes on with its own.
    https://docs.stripe.com/customer-management/portal-deep-links
    """
    cards = installation.gateway.subscriptions.payment_methods(subscription.stripe_id)
    if cards.selected and cards.selected != cards.current:
        wanted = {"default_payment_method": cards.selected}
        _update(installation, subscription, change_requests.CARD, wanted)


def refresh(installation: Installation, subscription: Subscription) -> Subscription:
    """The gift as Stripe has it now."""
    fact = installation.gateway.subscriptions.retrieve(subscription.stripe_id)
    return _applied(installation, subscription, fact)


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
    call, current = _planned(installation, subscription, operation, parameters, by)
    fact = _kept(installation, call, lambda: ask(call))
    with installation.sessions.begin() as session:
        record_response(session, call, fact.id, clock.now())
    return _applied(installation, current, fact)


def _planned(
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


def _kept(installation: Installation, call: StripeRequest, ask: Callable[[], _Answer]) -> _Answer:
    try:
        return ask()
    except (GatewayKeySpent, GatewayRefused) as error:
        with installation.sessions.begin() as session:
            record_failure(session, call, error)
        raise


def _applied(
    installation: Installation, seen: Subscription, fact: SubscriptionFact
) -> Subscription:
    """Apply an answer unless an event told something since `seen` was read; the gift as it is now."""
    with installation.sessions.begin() as session:
        apply_answer(session, fact, latest_event(seen), clock.now(), installation.books)
        current = session.get_one(Subscription, seen.id)
    installation.notify(OUTBOX)
    return current
