"""What donors do: fill in the form as a person with a browser would, pay at Stripe, come back or not."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from sandbox.stripe import CardDeclined, Refused, StripeSandbox
from tests.chaos.house import SLUG, House

Json = dict[str, Any]
PATIENCE = 60.0
"""Seconds after which a donor gives up. Nobody may have to: then the gift is lost."""
PAUSE = 0.4
ANSWER_SECONDS = 30.0

WAYS = (
    *("card",) * 8,
    *("challenge", "declined first", "debit", "debit", "debit fails", "abandoned", "expired"),
)
"""How a donor pays, or doesn't."""

FATES = (
    *("kept",) * 4,
    *("refunded", "refunded", "partly", "twice partly", "refund fails", "refund pending"),
    *("disputed", "dispute won", "dispute lost", "inquiry", "warning"),
)
"""What becomes of a card's payment afterwards, by the bank or in Stripe's dashboard."""


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
    asked_back: int = 0
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


def some_donors(chance: random.Random, name: str, number: int, *, monthly: int) -> list[Donor]:
    """`number` people who never gave before, the first `monthly` of them every month."""
    regulars = [regular_donor(chance, f"{name}-{place}") for place in range(monthly)]
    return regulars + [some_donor(chance, f"{name}-{place}") for place in range(monthly, number)]


def some_donor(chance: random.Random, name: str) -> Donor:
    """Anyone. Where fees are covered nothing goes back in part: whose part it is, is not the model's business."""
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
    """One who gives every month, by card, until the round is over."""
    donor = some_donor(chance, name)
    return replace(donor, way="card", fate="kept", frequency="monthly")


def regretted_donor(chance: random.Random, name: str) -> Donor:
    """One to whom staff give a third back."""
    donor = some_donor(chance, name)
    third = donor.amount // 3
    return replace(donor, way="card", fate="kept", fee_cover=False, asked_back=third)


def give(house: House, donor: Donor) -> None:
    """The form, posted once or twice at the same moment; then Stripe's pages, all that were given; then ours again."""
    with ThreadPoolExecutor(2) as hands:
        posts = [hands.submit(_post, house, donor) for _ in range(2 if donor.doubles else 1)]
        for post in posts:
            post.result()
    donor.turned_away = not donor.pages
    paid = [name for name in sorted(donor.pages) if _pay(house.stripe, donor, name)]
    for session_id in paid[:1]:
        if donor.returns:
            _come_back(house, session_id)
        _befall(house.stripe, donor, session_id)


def _post(house: House, donor: Donor) -> None:
    """Sent again, the very same form, for as long as something is wrong with the answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = requests.post(
                f"{house.address}/c/{SLUG}/donate",
                data=donor.form(),
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            donor.answers.append(type(error).__name__)
        else:
            donor.answers.append(str(answer.status_code))
            if answer.status_code == 303:
                _note_page(house, donor, answer.headers["Location"])
                return
        time.sleep(PAUSE)


def _note_page(house: House, donor: Donor, address: str) -> None:
    if address.startswith(house.stripe.url):
        donor.pages.add(address.rpartition("/")[2])


def _pay(stripe: StripeSandbox, donor: Donor, session_id: str) -> bool:
    """Whether the donor is through. A page that was ended meanwhile cannot be paid, and that is right."""
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


def _come_back(house: House, session_id: str) -> None:
    """The browser follows Stripe's redirect; what it finds is no matter of money."""
    session = house.stripe.account.get("checkout.session", session_id)
    for _ in range(5):
        try:
            if requests.get(session["success_url"], timeout=ANSWER_SECONDS).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(PAUSE)


def _befall(stripe: StripeSandbox, donor: Donor, session_id: str) -> None:
    """At once, so that the news of what goes back races with the news of the payment."""
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
