"""Parsing a search: an id or exact address alone, else amount, number, code or words."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.donors.search_query import (
    prefix_query,
    read_donation_search,
    read_donor_search,
)
from campaign.models import (
    Campaign,
    Charge,
    Dispute,
    Donation,
    Donor,
    FraudWarning,
    OfflineGift,
    Refund,
)
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign
from tests.support.donors import add_donation, add_donor, add_receipt, add_subscription


def donations(session: Session, text: str) -> list[int]:
    search = read_donation_search(session, text)
    assert search is not None
    query = select(Donation.id).where(search.condition(Donation)).order_by(Donation.id)
    return list(session.scalars(query))


def donors(session: Session, text: str) -> list[int]:
    search = read_donor_search(session, text)
    assert search is not None
    return list(session.scalars(select(Donor.id).where(search.condition(Donor)).order_by(Donor.id)))


def test_every_donation_id_and_stripe_id_finds_only_its_donation(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    monthly = add_subscription(session, campaign, ana, customer_id="cus_1")
    gift = add_donation(
        session,
        campaign,
        ana,
        payment_intent_id="pi_1",
        session_id="cs_test_1",
        invoice_id="in_1",
        subscription_id=monthly.id,
    )
    add_donation(session, campaign, ana)
    shown = {"donation_id": gift.id, "amount": 2500, "currency": "usd"}
    session.add_all(
        [
            Charge(stripe_id="ch_1", **shown),
            Refund(stripe_id="re_1", charge_id="py_2", state="pending", created_at=now(), **shown),
            Dispute(
                stripe_id="du_1",
                charge_id="ch_3",
                reason="fraudulent",
                status="won",
                opened_at=now(),
                as_of=now(),
                **shown,
            ),
            FraudWarning(
                stripe_id="issfr_1",
                donation_id=gift.id,
                charge_id="ch_4",
                fraud_type="misc",
                created_at=now(),
            ),
        ]
    )
    session.flush()
    for key in (
        gift.public_id, "pi_1", "cs_test_1", "in_1", monthly.stripe_id, "cus_1",
        "ch_1", "py_2", "ch_3", "ch_4", "re_1", "du_1", "issfr_1",
    ):  # fmt: skip
        assert donations(session, f" {key} ") == [gift.id], key
    for key in ("pi_2", "re_", "ch_9", "don_nothing", "cus_2"):
        assert donations(session, key) == [], key


def test_an_exact_address_finds_only_its_donor_and_a_partial_one_searches_words(
    session: Session, campaign: Campaign
) -> None:
    ana, anatol = (add_donor(session, f"{name}@example.org", "") for name in ("ana", "ana.tol"))
    gifts = [add_donation(session, campaign, one).id for one in (ana, anatol)]
    assert donations(session, "ANA@example.org") == gifts[:1]
    assert donors(session, "ana@Example.org") == [ana.id]
    assert donations(session, "ana@exa") == gifts
    assert donations(session, "tol@exa") == gifts[1:]
    assert donors(session, "example") == [ana.id, anatol.id]


def test_an_amount_is_searched_in_every_currency_of_the_campaigns(
    installation: Installation, session: Session, campaign: Campaign
) -> None:
    yen = add_campaign(installation, currency="jpy", goal="50000")
    ana = add_donor(session, "ana@example.org")
    dollars = add_donation(session, campaign, ana, amount=2_500)
    in_yen = add_donation(session, yen, ana, amount=25)
    add_donation(session, yen, ana, amount=2_500)
    assert donations(session, "25") == [dollars.id, in_yen.id]
    assert donations(session, "25.00") == [dollars.id]
    # A gift of 25 euros does not match if no campaign uses euros.
    add_donation(session, campaign, ana, amount=2_500, currency="eur")
    assert donations(session, "25.00") == [dollars.id]


def test_receipt_numbers_check_numbers_and_codes_are_found(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    first, second, third = (add_donation(session, campaign, ana, amount=n) for n in (1, 2, 3))
    add_receipt(session, first, date(2026, 3, 1), sequence=41)
    add_receipt(session, second, date(2025, 3, 1), sequence=41)
    check = OfflineGift(
        donation_id=second.id,
        kind="cheque",
        reference="Bank 1234",
        received_on=date(2026, 3, 1),
        entered_by="fay",
    )
    session.add(check)
    third.code = "article-7"
    session.flush()
    assert donations(session, "2026-000041") == [first.id]
    assert donations(session, "2026-41") == [first.id]
    assert donations(session, "bank 1234") == [second.id]
    assert donations(session, "article-7") == [third.id]
    assert donations(session, "article") == []


def test_a_donor_is_found_by_number_as_well_as_by_words(session: Session) -> None:
    ana = add_donor(session, "ana@example.org", address="1 Pier\nAstoria")
    other = add_donor(session, "ben@example.org", f"Ben {ana.id}")
    assert donors(session, str(ana.id)) == [ana.id, other.id]
    assert donors(session, "astor rey") == [ana.id]
    assert donors(session, "9" * 18) == []
    assert donors(session, "&|!") == []


def test_an_empty_search_is_none_and_a_long_one_is_cut(session: Session) -> None:
    for nothing in ("", " \t\n", "\x00"):
        assert read_donation_search(session, nothing) is None
        assert read_donor_search(session, nothing) is None
    ana = add_donor(session, "ana@example.org")
    assert donors(session, "ana" + " " * 197 + "nobody") == [ana.id]


def test_words_are_searched_by_prefix_whatever_they_contain(session: Session) -> None:
    assert prefix_query(session, "') | (x") != []
    assert prefix_query(session, "&") == []
    ana = add_donor(session, "", "Mary-Ann O'Neill \\ José")
    for text in ("o'ne", "jose", "mary ann", "\\", "José O'Neill"):
        if prefix_query(session, text):
            assert donors(session, text) == [ana.id], text
