"""What a donation begins with and says of itself. `test_constraints.py` has the rules of its table."""

from campaign.models import Campaign, Donation, Donor, Receipt
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert
from tests.support.stripe import Facts


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
