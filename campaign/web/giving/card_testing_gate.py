"""Between the valid form and Stripe: ask `card_testing` what this attempt costs, and check whether that is paid.

A gift that was begun just now, or that has no session yet, has passed: sent again (a double click, Stripe back after
an outage) it opens no other session and is asked nothing again. Whatever fails in here, the gift goes on.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from flask import request
from structlog import get_logger

from campaign.card_testing.assessment import Attempt, assess, record_session
from campaign.card_testing.policy import Demand
from campaign.core import clock
from campaign.donations.donations import Gift, is_begun
from campaign.models import Campaign
from campaign.web.context import installation
from campaign.web.forms import GiftForm
from campaign.web.giving.form_signals import (
    fell_into_trap,
    is_scripted,
    seconds_since_rendering,
)
from campaign.web.giving.proof_of_work import is_solved
from campaign.web.giving.review_page import gift_digest
from campaign.web.giving.tickets import (
    GiftTicket,
    issue_ticket,
    place_ticket,
    read_ticket,
    use_ticket,
)
from campaign.web.limits import client_network

log = get_logger(__name__)


@dataclass(frozen=True)
class Held:
    """An attempt that does not go to Stripe yet: by a ticket, or refused for `seconds` if there is none.

    `early`: the donor pressed Continue before the ticket's time.
    """

    ticket: GiftTicket | None
    seconds: int
    early: bool = False


def describe_attempt(campaign: Campaign, form: GiftForm, gift: Gift) -> Attempt:
    """Return what is known of this attempt without tracking anyone."""
    at = clock.now()
    return Attempt(
        slug=campaign.slug,
        network=client_network(),
        email=gift.email,
        amount=gift.amount + gift.fee_cover,
        currency=campaign.currency,
        frequency=gift.frequency,
        form_seconds=seconds_since_rendering(form.rendered.data, at),
        honeypot=fell_into_trap(form),
        scripted=is_scripted(form),
        at=at,
    )


def hold_attempt(campaign: Campaign, gift: Gift, attempt: Attempt) -> Held | None:
    """Return how to hold this attempt; None if it goes on to Stripe."""
    try:
        return _hold(campaign, gift, attempt)
    except Exception as error:
        # A protection that fails must not stop donations; the log and the error tracker have it.
        log.exception("card_testing_gate_failed", error=error.__class__.__name__)
        return None


def record_opened(attempt: Attempt, session_id: str) -> None:
    """Record that this attempt opened a session at Stripe."""
    try:
        record_session(installation(), attempt, session_id)
    except Exception as error:
        log.exception("card_testing_record_failed", error=error.__class__.__name__)


def _hold(campaign: Campaign, gift: Gift, attempt: Attempt) -> Held | None:
    digest, at = gift_digest(gift), attempt.at
    ticket = _ripened(read_ticket(request.form.get("ticket", ""), digest, at), at)
    if ticket is not None and ticket.seconds_left(at) > 0:
        return Held(ticket, 0, early=True)
    with installation().sessions() as session:
        if is_begun(session, campaign, gift, at):
            return None
    demand = assess(installation(), attempt)
    if demand.kind == "none":
        return None
    if demand.kind == "refuse":
        return Held(None, demand.seconds)
    if ticket is not None and use_ticket(ticket):
        return None
    return Held(_ticket_for(demand, digest, at), demand.seconds)


def _ripened(ticket: GiftTicket | None, at: datetime) -> GiftTicket | None:
    """Return the ticket, good from now on if its proof is done, else with a place once its wait is over."""
    if ticket is None:
        return None
    if _is_proven(ticket):
        return replace(ticket, not_before=at.timestamp())
    return place_ticket(ticket, at) if ticket.seconds_left(at) <= 0 else ticket


def _is_proven(ticket: GiftTicket) -> bool:
    secret_key = installation().settings.secret_key
    proof = request.form.get("proof", "")
    return bool(ticket.difficulty) and is_solved(secret_key, ticket.id, proof)


def _ticket_for(demand: Demand, digest: str, at: datetime) -> GiftTicket:
    return issue_ticket(
        digest, demand.seconds, demand.difficulty if demand.kind == "proof" else 0, at
    )
