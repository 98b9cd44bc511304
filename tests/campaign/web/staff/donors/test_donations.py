"""Staff search for donations, read one and resend its receipt."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    Note,
    OutboxMessage,
    Receipt,
    StaffRole,
)
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.refunds import pay
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]


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


def test_the_list_finds_what_people_type_and_keeps_its_filters(
    staff: StaffMaker, gift: Donation, give: Give, installation: Installation
) -> None:
    give("ben@example.org", 10000, name="Ben Šimić", code="embed-7")
    viewer = staff(StaffRole.viewer)
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one().number
        payment = session.get_one(Donation, gift.id).payment_intent_id
    for text, found in (
        ("rey", "Ana Reyes"),
        ("simic ben", "Ben Šimić"),
        ("ANA@example.org", "Ana Reyes"),
        ("$25", "Ana Reyes"),
        ("100.00", "Ben Šimić"),
        (receipt, "Ana Reyes"),
        (payment, "Ana Reyes"),
        (gift.public_id, "Ana Reyes"),
        (gift.session_id, "Ana Reyes"),
        ("embed-7", "Ben Šimić"),
    ):
        page = viewer.get("/staff/donations", query_string={"q": text}).text
        assert re.findall(r"(Ana Reyes|Ben Šimić)</a>", page) == [found], text
    page = viewer.get("/staff/donations?state=pending&kind=card&most=100").text
    assert "Ben Šimić" in page
    assert "Ana Reyes" not in page
    assert '<option selected value="pending">' in page


def test_a_receipt_is_resent_to_the_corrected_address_and_reissued(
    staff: StaffMaker, gift: Donation, installation: Installation
) -> None:
    finance = staff(StaffRole.finance)
    with installation.sessions.begin() as session:
        for message in session.scalars(select(OutboxMessage)):
            message.state, message.sent_at = "sent", message.created_at
    correct = f"/staff/donors/{gift.donor_id}/correct"
    wanted = {"name": "Ana María Reyes", "email": "ana@reyes.example", "address": "1 Main St"}
    assert finance.post_form(correct, wanted).status_code == 303
    page = finance.get(f"/staff/donations/{gift.public_id}").text
    assert "Resend the receipt to ana@reyes.example" in page
    finance.post_form(f"/staff/donations/{gift.public_id}/receipt")
    again = finance.post_form(f"/staff/donations/{gift.public_id}/receipt", follow_redirects=True)
    assert "it is already queued or being sent" in again.text
    for _ in range(2):
        finance.post_form(f"/staff/donations/{gift.public_id}/reissue", {"name": "Ana María Reyes"})
    with installation.sessions() as session:
        receipts = session.scalars(select(Receipt).order_by(Receipt.id)).all()
        to = session.scalars(select(OutboxMessage.recipient).order_by(OutboxMessage.id)).all()
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("receipt%"))
        ).all()
    assert to == ["ana@reyes.example"] * 2
    assert [one.frozen["donor_name"] for one in receipts] == ["Ana Reyes", "Ana María Reyes"]
    assert [one.frozen["donor_email"] for one in receipts] == [
        "ana@example.org",
        "ana@reyes.example",
    ]
    assert receipts[1].kind == "corrected"
    assert receipts[1].replaces_id == receipts[0].id
    assert "remains" not in " ".join(receipts[1].frozen["wording"])
    assert actions == ["receipt.resent", "receipt.reissued"]


def test_a_note_is_added_once_and_an_empty_one_is_rejected(
    staff: StaffMaker, give: Give, installation: Installation
) -> None:
    public_id = give().donation.public_id
    finance = staff(StaffRole.finance)
    for _ in range(2):
        finance.post_form(f"/staff/donations/{public_id}/notes", {"text": "Called, <wants> paper."})
    assert "Called, &lt;wants&gt; paper." in finance.get(f"/staff/donations/{public_id}").text
    empty = finance.post_form(f"/staff/donations/{public_id}/notes", {"text": " "})
    assert empty.status_code == 422
    assert "Enter a note." in empty.text
    with installation.sessions() as session:
        assert session.scalar(select(func.count(Note.id))) == 1
    viewer = staff(StaffRole.viewer)
    assert viewer.post_form(f"/staff/donations/{public_id}/notes", {"text": "x"}).status_code == 403
    assert viewer.get(f"/staff/donations/{public_id}/refund").status_code == 403
    assert "Save note" not in viewer.get(f"/staff/donations/{public_id}").text
    assert viewer.get("/staff/donations/don_unknown").status_code == 404


def test_an_offline_gift_is_found_and_not_refunded_through_stripe(
    staff: StaffMaker, enter: Callable[..., Any]
) -> None:
    gift = enter(reference="Astoria 4711").gift
    finance = staff(StaffRole.finance)
    found = finance.get("/staff/donations?q=ASTORIA+4711&kind=offline").text
    assert found.count("Ana Reyes") == 1
    public_id = re.findall(r"/staff/donations/(don_\w+)", found)[0]
    page = finance.get(f"/staff/donations/{public_id}").text
    assert gift.reference in page
    assert "This is an offline gift" in page
    assert f"/staff/donations/{public_id}/refund" not in page
    assert "Resend the receipt" not in page
    address = f"/staff/donations/{public_id}"
    sent = finance.post_form(f"{address}/receipt", follow_redirects=True)
    assert "the donor has no email address" in sent.text
    fields = hidden(finance.post_form(f"{address}/refund", {"amount": "50"}).text)
    refused = finance.post_form(f"{address}/refund", fields | {"token": "token-of-mine"})
    assert refused.status_code == 422
    assert "This is an offline gift" in refused.text
