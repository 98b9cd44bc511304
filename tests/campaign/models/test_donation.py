"""The donation's table: what it refuses and makes itself, raw; and what a donation says of itself."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaign.models import Campaign, Donation, Donor, Receipt
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals
from tests.support.stripe import Facts

Give = Callable[..., Facts]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("state = 'given'", "A donation that is pending cannot become given"),
        ("state = 'refunded'", "A donation that is pending cannot become refunded"),
        ("state = 'paid'", "ck_donation_paid"),
        ("state = 'paid', paid_at = now()", "ck_donation_paid"),
        ("frequency = 'weekly'", "ck_donation_frequency"),
        ("amount = 0", "ck_donation_amount"),
        ("amount = 100000000", "ck_donation_amount"),
        ("fee_cover = -1", "ck_donation_fee_cover"),
    ],
)
def test_a_donation_that_cannot_be_is_refused(
    installation: Installation, give: Give, changes: str, rule: str
) -> None:
    give()
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE donation SET {changes}")


def test_an_open_attempt_is_one_donation_and_a_finished_one_is_over(
    installation: Installation, give: Give
) -> None:
    first, again = (give(attempt="same").donation for _ in range(2))
    assert first.id == again.id
    copy = """
    INSERT INTO donation (public_id, token, campaign_id, donor_id, attempt, state, frequency, amount, currency, email)
    SELECT 'don_copy', 'copy', campaign_id, donor_id, attempt, 'pending', frequency, amount, currency, email
    FROM donation
    """
    with pytest.raises(IntegrityError, match="uq_donation_open_attempt"):
        execute(installation, copy)
    execute(installation, "UPDATE donation SET state = 'paid', paid_at = now(), charged_at = now()")
    assert give(attempt="same").donation.id != first.id


def test_the_least_and_the_largest_amount_may_be(installation: Installation, give: Give) -> None:
    give()
    rules = {
        "amount = 1": "",
        "amount = 99999999": "",
        "fee_cover = 0": "",
        "state = 'paid', paid_at = now(), charged_at = now()": "",
        "state = 'paid', charged_at = now()": "ck_donation_paid",
        "state = 'processing'": "",
    }
    assert refusals(installation, "donation", rules) == rules


@pytest.mark.parametrize(
    "name", ["public_id", "token", "session_id", "payment_intent_id", "invoice_id"]
)
def test_what_names_one_donation_names_no_other(
    installation: Installation, give: Give, name: str
) -> None:
    give()
    give(email="ben@example.org")
    with pytest.raises(IntegrityError, match=f"uq_donation_{name}"):
        execute(installation, f"UPDATE donation SET {name} = 'the same'")


def test_a_row_begins_as_a_pending_gift_with_names_of_its_own(
    installation: Installation, campaign: Campaign
) -> None:
    donor = insert(installation, Donor, email="ana@example.org", name="Ana")
    for attempt in "ab":
        insert(
            installation, Donation, campaign_id=campaign.id, donor_id=donor, attempt=attempt,
            frequency="one_time", amount=2500, currency="usd", email="ana@example.org",
        )  # fmt: skip
    with installation.sessions() as session:
        one, other = session.query(Donation).order_by(Donation.id)
        assert (one.state, one.fee_cover, one.locale, one.anonymous) == ("pending", 0, "en", False)
        assert one.public_id.startswith("don_")
        assert one.public_id != other.public_id
        assert one.token != other.token
        assert one.token not in one.public_id


def test_it_is_found_by_name_and_address_without_accents_and_as_they_are_now(
    installation: Installation, give: Give
) -> None:
    def found(word: str) -> bool:
        query = text("SELECT words @@ to_tsquery('simple', :word) FROM donation")
        with installation.engine.connect() as connection:
            return bool(connection.execute(query, {"word": word}).scalar_one())

    give(name="Zoë Núñez", email="zoe@example.org")
    assert [found(word) for word in ("zoe", "nunez", "example", "ana")] == [True, True, True, False]
    execute(installation, "UPDATE donation SET name = 'Ana'")
    assert [found(word) for word in ("nunez", "ana")] == [False, True]


def test_stripe_charges_the_gift_and_the_covered_fees() -> None:
    assert Donation(amount=2500, fee_cover=106).charge == 2606


def test_the_last_receipt_of_the_chain_is_the_one_that_is_valid(
    installation: Installation, paid: Facts
) -> None:
    assert Donation().receipt is None
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, paid.donation.id)
        first = donation.receipt
        assert first is not None
        further = Receipt(
            year=first.year, sequence=first.sequence + 1, donation_id=donation.id, kind="void",
            campaign_id=first.campaign_id, replaces_id=first.id, amount=0, currency="usd",
            gift_date=first.gift_date, frozen={},
        )  # fmt: skip
        session.add(further)
        session.flush()
        session.refresh(donation)
        assert donation.receipt is further
