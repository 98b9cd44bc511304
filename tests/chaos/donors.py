"""Simulate donors: fill in the form like a person with a browser, pay at Stripe, and maybe return to the site."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from sandbox.stripe import CardDeclined, Refused, StripeSandbox
from tests.chaos.service import SLUG, ServiceUnderTest

Json = dict[str, Any]
GIVE_UP_SECONDS = 180.0
"""Seconds after which a donor gives up. That must never happen, because the gift would be lost."""
PAUSE = 0.4
ANSWER_SECONDS = 60.0

WAYS = (
    *("card",) * 8,
    *("challenge", "declined first", "debit", "debit", "debit fails", "abandoned", "expired"),
)
"""How a donor pays or fails to."""

FATES = (
    *("kept",) * 4,
    *("refunded", "refunded", "partly", "twice partly", "refund fails", "refund pending"),
    *("disputed", "dispute won", "dispute lost", "inquiry", "warning"),
)
"""What happens to a card payment afterwards, by the bank or in Stripe's dashboard."""


@dataclass
class Donor:
    """One person with one intention. Amounts are minor units; staff give `asked_back` back, once."""

    email: str
    amount: int
    way: str
    fate: str
    frequency: str = "one_time"
    fee_cover: bool = False
    doubles: bool = False
    returns: bool = True
    refund_amount: int = 0
    pages: set[str] = field(default_factory=set)
    answers: list[str] = field(default_factory=list)
    turned_away: bool = False

    def form(self) -> dict[str, str]:
        return {
            "amount": f"{self.amount // 100}.{self.amount % 100:02}",
            "frequency": self.frequency,
            "email": self.email,
            "name": "Dana Donor",
            "attempt": f"attempt-{self.email}",
        } | ({"cover_fees": "1"} if self.fee_cover else {})


def random_donors(chance: random.Random, name: str, number: int, *, monthly: int) -> list[Donor]:
    """Return `number` new donors. The first `monthly` of them give every month."""
    regulars = [regular_donor(chance, f"{name}-{place}") for place in range(monthly)]
    return regulars + [random_donor(chance, f"{name}-{place}") for place in range(monthly, number)]


def random_donor(chance: random.Random, name: str) -> Donor:
    """Return any donor. With covered fees there are no partial refunds, because the model does not split them."""
    fee_cover = chance.random() < 0.2
    fates = ("kept", "refunded", "dispute won", "disputed") if fee_cover else FATES
    return Donor(
        email=f"{name}@example.org",
        amount=chance.randrange(100, 25_000),
        way=chance.choice(WAYS),
        fate=chance.choice(fates),
        fee_cover=fee_cover,
        doubles=chance.random() < 0.3,
        returns=chance.random() < 0.7,
    )


def regular_donor(chance: random.Random, name: str) -> Donor:
    """Return a donor who gives every month by card until the round is over."""
    donor = random_donor(chance, name)
    return replace(donor, way="card", fate="kept", frequency="monthly")


def refunded_donor(chance: random.Random, name: str) -> Donor:
    """Return a donor to whom staff refund a third of the gift."""
    donor = random_donor(chance, name)
    third = donor.amount // 3
    return replace(donor, way="card", fate="kept", fee_cover=False, refund_amount=third)


def give(service: ServiceUnderTest, donor: Donor) -> None:
    """Post the form once, or twice at the same time; pay on every Stripe page; then return to the site."""
    with ThreadPoolExecutor(2) as pool:
        posts = [pool.submit(_post, service, donor) for _ in range(2 if donor.doubles else 1)]
        for post in posts:
            post.result()
    donor.turned_away = not donor.pages
    paid = [name for name in sorted(donor.pages) if _pay(service.stripe, donor, name)]
    for session_id in paid[:1]:
        if donor.returns:
            _return_to_site(service, session_id)
        _apply_fate(service.stripe, donor, session_id)


def _post(service: ServiceUnderTest, donor: Donor) -> None:
    """Post the same form until the response is a redirect, or until the donor gives up."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = requests.post(
                f"{service.address}/c/{SLUG}/donate",
                data=donor.form(),
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            donor.answers.append(type(error).__name__)
        else:
            donor.answers.append(str(answer.status_code))
            if answer.status_code == 303:
                _note_page(service, donor, answer.headers["Location"])
                return
        time.sleep(PAUSE)


def _note_page(service: ServiceUnderTest, donor: Donor, address: str) -> None:
    if address.startswith(service.stripe.url):
        donor.pages.add(address.rpartition("/")[2])


def _pay(stripe: StripeSandbox, donor: Donor, session_id: str) -> bool:
    """Pay and return whether it succeeded. A page that has expired in the meantime cannot be paid, as it should be."""
    try:
        if donor.way == "abandoned":
            return False
        if donor.way == "expired":
            stripe.expire(session_id)
            return False
        if donor.way == "declined first":
            _decline(stripe, session_id)
        card = "4000002500003155" if donor.way == "challenge" else "4242424242424242"
        bank = "succeeds" if donor.way.startswith("debit") else None
        stripe.pay(session_id, card, bank=bank)
    except Refused as refused:
        donor.answers.append(f"Stripe: {refused}")
        return False
    return True


def _decline(stripe: StripeSandbox, session_id: str) -> None:
    try:
        stripe.pay(session_id, "4000000000000002")
    except CardDeclined:
        return


def _return_to_site(service: ServiceUnderTest, session_id: str) -> None:
    """Follow Stripe's redirect. The result does not matter."""
    session = service.stripe.account.get("checkout.session", session_id)
    for _ in range(5):
        try:
            if requests.get(session["success_url"], timeout=ANSWER_SECONDS).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(PAUSE)


def _apply_fate(stripe: StripeSandbox, donor: Donor, session_id: str) -> None:
    """Apply the donor's fate at once, so that events about refunds race with those about the payment."""
    if donor.way.startswith("debit"):
        stripe.settle(session_id, fail=donor.way == "debit fails")
    elif donor.frequency == "one_time" and donor.fate in _FATES:
        _FATES[donor.fate](stripe, session_id, donor)


def _partly(stripe: StripeSandbox, session_id: str, donor: Donor) -> None:
    stripe.refund(session_id, donor.amount // 3)


def _twice_partly(stripe: StripeSandbox, session_id: str, donor: Donor) -> None:
    stripe.refund(session_id, donor.amount // 4)
    stripe.refund(session_id, donor.amount // 4)


def _refund_fails(stripe: StripeSandbox, session_id: str, _donor: Donor) -> None:
    stripe.end_refund(stripe.refund(session_id)["id"], fail=True)


def _refund_pending(stripe: StripeSandbox, session_id: str, donor: Donor) -> None:
    refund = stripe.refund(session_id, donor.amount // 2, fate="pending")
    stripe.end_refund(refund["id"])


def _won(stripe: StripeSandbox, session_id: str, _donor: Donor) -> None:
    stripe.close_dispute(stripe.dispute(session_id)["id"], won=True)


def _lost(stripe: StripeSandbox, session_id: str, _donor: Donor) -> None:
    stripe.close_dispute(stripe.dispute(session_id)["id"], won=False)


_FATES: dict[str, Callable[[StripeSandbox, str, Donor], object]] = {
    "refunded": lambda stripe, name, _: stripe.refund(name),
    "partly": _partly,
    "twice partly": _twice_partly,
    "refund fails": _refund_fails,
    "refund pending": _refund_pending,
    "disputed": lambda stripe, name, _: stripe.dispute(name),
    "dispute won": _won,
    "dispute lost": _lost,
    "inquiry": lambda stripe, name, _: stripe.dispute(name, inquiry=True),
    "warning": lambda stripe, name, _: stripe.warn(name),
}
