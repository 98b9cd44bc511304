"""Staff refunds: confirmed, made once, and shown with their real state."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    Refund,
    StaffRole,
)
from campaign.refunds.refunds import MAX_NOTE_LENGTH
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.refunds import assert_one_refund, pay, state
from tests.support.staff import StaffMaker


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def gift(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> Donation:
    return pay(client, installation, stripe, name="Ana Reyes")


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_a_refund_is_confirmed_and_made_once_on_a_double_click(
    staff: StaffMaker, gift: Donation, installation: Installation, stripe: StripeSandbox
) -> None:
    finance = staff(StaffRole.finance)
    address = f"/staff/donations/{gift.public_id}/refund"
    assert 'value="25"' in finance.get(address).text
    for wrong in ("25.01", "0", "x"):
        answer = finance.post_form(address, {"amount": wrong})
        assert answer.status_code == 422
        assert 'id="amount-error"' in answer.text
    sure = finance.post_form(address, {"amount": "25", "reason": "duplicate", "note": "twice"})
    assert "Refund $25?" in sure.text
    assert stripe.objects("refund") == []
    fields = hidden(sure.text)
    for _ in range(2):
        done = finance.post_form(address, fields)
        assert (done.status_code, done.location) == (
            303,
            f"/staff/donations/{gift.public_id}#refunds",
        )
    assert_one_refund(installation, stripe)
    assert state(installation, gift) == "refunded"
    page = finance.get(f"/staff/donations/{gift.public_id}").text
    assert "Refund of $25: completed." in page
    assert "Everything has already been refunded." in page
    with installation.sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "donation.refunded")
        ).one()
    assert entry.actor == finance.member.email
    assert entry.after == {"amount": 2500, "currency": "usd", "reason": "duplicate"}


def test_an_unconfirmed_refund_is_shown_as_such(
    staff: StaffMaker, gift: Donation, installation: Installation, stripe: StripeSandbox
) -> None:
    finance = staff(StaffRole.finance)
    address = f"/staff/donations/{gift.public_id}/refund"
    fields = hidden(finance.post_form(address, {"amount": "10"}).text)
    stripe.stop()
    answer = finance.post_form(address, fields)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "not confirmed yet" in answer.text
    page = finance.get(f"/staff/donations/{gift.public_id}").text
    assert "a refund of $10 is waiting for confirmation" in " ".join(
        re.sub("<[^>]+>", "", page).split()
    )
    with installation.sessions() as session:
        assert session.scalars(select(Refund.state)).all() == ["requested"]


def test_the_refundable_amount_is_offered_and_is_the_maximum(
    staff: StaffMaker, gift: Donation, installation: Installation, stripe: StripeSandbox
) -> None:
    finance = staff(StaffRole.finance)
    address = f"/staff/donations/{gift.public_id}/refund"
    sure = hidden(finance.post_form(address, {"amount": "10"}).text)
    assert finance.post_form(address, sure).status_code == 303
    assert 'value="15"' in finance.get(address).text
    refused = finance.post_form(address, {"amount": "15.01"})
    assert (refused.status_code, "At most $15 can be refunded" in refused.text) == (422, True)
    assert finance.post_form(address, {"amount": "15.00"}).status_code == 200
    assert len(stripe.objects("refund")) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "mood"}, "reason"),
        ({"note": "a\x07b"}, "note"),
        ({"note": "n" * (MAX_NOTE_LENGTH + 1)}, "note"),
        ({"amount": ""}, "amount"),
        ({"amount": "-5"}, "amount"),
    ],
)
def test_errors_are_reported_before_stripe_is_called(
    staff: StaffMaker, gift: Donation, stripe: StripeSandbox, wrong: dict[str, str], field: str
) -> None:
    finance = staff(StaffRole.finance)
    typed = {"amount": "5", "note": "n" * MAX_NOTE_LENGTH} | wrong | {"token": "token-of-mine"}
    answer = finance.post_form(f"/staff/donations/{gift.public_id}/refund", typed)
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert stripe.objects("refund") == []


def test_an_invalid_token_asks_for_confirmation_again(
    staff: StaffMaker, gift: Donation, stripe: StripeSandbox
) -> None:
    finance = staff(StaffRole.finance)
    for token in ("short", "x" * 65, "with space in it", "token-of-mine\n"):
        answer = finance.post_form(
            f"/staff/donations/{gift.public_id}/refund", {"amount": "5", "token": token}
        )
        assert (answer.status_code, "Refund $5?" in answer.text) == (200, True), token
        assert hidden(answer.text)["token"] != token
    assert stripe.objects("refund") == []


def test_two_confirmations_make_two_refunds(
    staff: StaffMaker, gift: Donation, installation: Installation, stripe: StripeSandbox
) -> None:
    finance = staff(StaffRole.finance)
    address = f"/staff/donations/{gift.public_id}/refund"
    for _ in range(2):
        sure = hidden(finance.post_form(address, {"amount": "5"}).text)
        assert finance.post_form(address, sure).status_code == 303
    assert sorted(one["amount"] for one in stripe.objects("refund")) == [500, 500]
    assert state(installation, gift) == "partially_refunded"
