"""Payloads: their fields, and personal data only with permission."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from campaign.integrations.payloads import (
    campaign_payload,
    donation_payload,
    ledger_entry_payload,
    receipt_payload,
    subscription_payload,
)
from campaign.models import Campaign, Donation, LedgerEntry, Receipt, Subscription
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def test_a_campaign_has_its_state_at_that_time(campaign: Campaign) -> None:
    shown = campaign_payload(campaign, campaign.deadline)
    assert (shown["slug"], shown["goal"], shown["currency"]) == ("nine-days", 5_000_000, "usd")
    assert shown["state"] == "closed"
    assert campaign_payload(campaign, campaign.deadline - timedelta(seconds=1))["state"] == "open"


def test_a_donation_without_people_has_no_personal_data(
    installation: Installation, give: Give
) -> None:
    gift = {"comment": "For the reporters.", "tribute_kind": "memory", "tribute_name": "Rosa"}
    donation_id = give(**gift).donation.id
    with installation.sessions() as session:
        donation = session.get_one(Donation, donation_id)
        open_, closed = (donation_payload(donation, people=people) for people in (True, False))
        token = donation.token
    personal = ("name", "email", "comment", "tribute_name")
    expected = ("Ana Reyes", "ana@example.org", "For the reporters.", "Rosa")
    assert tuple(open_[name] for name in personal) == expected
    assert open_ | dict.fromkeys(personal) == closed
    assert not any(value in str(closed) for value in expected)
    # It opens the donor page.
    assert token not in str(open_)
    assert (closed["receipt_number"], closed["subscription"]) == (None, None)


def test_a_paid_donation_and_its_receipt_refer_to_each_other(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
        entry = session.scalars(select(LedgerEntry)).one()
        receipt = session.scalars(select(Receipt)).one()
        shown = donation_payload(donation, people=False)
        of_receipt = receipt_payload(receipt)
        of_entry = ledger_entry_payload(entry, None, donation.public_id)
        assert receipt.token not in str(of_receipt)
    assert shown["id"] == of_receipt["donation"] == of_entry["donation"] == paid.donation.public_id
    assert (shown["state"], shown["receipt_number"]) == ("paid", of_receipt["number"])
    assert (of_entry["kind"], of_entry["amount"], of_entry["campaign"]) == ("payment", 2500, None)
    assert "frozen" not in of_receipt


def test_a_monthly_gift_has_its_stripe_id_and_not_its_token(
    installation: Installation, give: Give
) -> None:
    donation = give(frequency="monthly").donation
    with installation.sessions.begin() as session:
        gift = Subscription(
            stripe_id="sub_1", campaign_id=donation.campaign_id, donor_id=donation.donor_id,
            frequency="monthly", amount=2500, fee_cover=106, currency="usd",
        )  # fmt: skip
        session.add(gift)
        session.flush()
        shown = subscription_payload(gift)
        assert gift.token not in str(shown)
    assert (shown["id"], shown["campaign"], shown["donor"]) == (
        "sub_1",
        "nine-days",
        donation.donor_id,
    )
    assert (shown["amount"], shown["cover"], shown["state"]) == (2500, 106, "active")


def test_each_field_of_a_donation_has_its_columns_value(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
        assert donation.receipt is not None
        assert donation_payload(donation, people=True) == {
            "id": donation.public_id,
            "campaign": "nine-days",
            "donor": donation.donor_id,
            "subscription": None,
            "receipt_number": donation.receipt.number,
            "frequency": "one_time",
            "amount": 2500,
            "cover": 0,
            "currency": "usd",
            "state": "paid",
            "created_at": donation.created_at,
            "paid_at": donation.paid_at,
            "code": "",
            "anonymous": donation.anonymous,
            "tribute_kind": "",
            "tribute_name": "",
            "name": donation.name,
            "email": "ana@example.org",
            "comment": "",
        }


def test_each_field_of_an_entry_and_of_a_receipt_has_its_columns_value(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions() as session:
        entry = session.scalars(select(LedgerEntry)).one()
        receipt = session.scalars(select(Receipt)).one()
        entry.fee_cover, entry.fee = 106, 31
        with session.no_autoflush:
            shown = ledger_entry_payload(entry, "nine-days", "don_1")
        assert shown == {
            "id": entry.id,
            "kind": "payment",
            "amount": 2500,
            "cover": 106,
            "fee": 31,
            "currency": "usd",
            "occurred_at": entry.occurred_at,
            "recorded_at": entry.recorded_at,
            "source": entry.source,
            "campaign": "nine-days",
            "donation": "don_1",
        }
        session.expire(entry)
        assert receipt_payload(receipt) == {
            "number": receipt.number,
            "kind": "receipt",
            "amount": 2500,
            "currency": "usd",
            "gift_date": receipt.gift_date,
            "issued_at": receipt.issued_at,
            "donation": paid.donation.public_id,
        }


def test_each_field_of_a_campaign_and_of_a_monthly_gift_is_there(campaign: Campaign) -> None:
    shown = campaign_payload(campaign, campaign.starts_at)
    assert {name: shown[name] for name in ("title", "designation", "stretch_goal", "timezone")} == {
        "title": "Keep every story free to read",
        "designation": "General",
        "stretch_goal": None,
        "timezone": "America/Los_Angeles",
    }
    assert (shown["starts_at"], shown["deadline"]) == (campaign.starts_at, campaign.deadline)
    gift = Subscription(stripe_id="sub_1", frequency="yearly", amount=900, fee_cover=30, currency="usd",
                        donor_id=7, campaign=campaign, state="ended", ended_at=campaign.deadline,
                        end_reason="donor", created_at=campaign.starts_at)  # fmt: skip
    assert subscription_payload(gift) == {
        "id": "sub_1",
        "campaign": "nine-days",
        "donor": 7,
        "frequency": "yearly",
        "amount": 900,
        "cover": 30,
        "currency": "usd",
        "state": "ended",
        "created_at": campaign.starts_at,
        "ended_at": campaign.deadline,
        "end_reason": "donor",
    }
