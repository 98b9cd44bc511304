"""Past gifts and gifts elsewhere, as their tables keep them. Raw. `test_constraints.py` has every rule."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Donor, GiftElsewhere, PastGift
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, rejections
from tests.support.stripe import Facts

Plant = Callable[..., int]


@pytest.fixture
def past(installation: Installation, give: Callable[..., Facts]) -> Plant:
    """Insert a past gift with its own donation; return its id."""

    def put(external_id: str = "1", **values: Any) -> int:
        donation = give(email=f"donor-{external_id}@reader.test").donation.id
        wanted = {"donation_id": donation, "system": "givewp", "external_id": external_id}
        planted: int = insert(installation, PastGift, **{**wanted, **values})
        return planted

    return put


@pytest.fixture
def elsewhere(installation: Installation) -> Plant:
    """Insert a monthly gift of a new donor; return its id."""

    def put(external_id: str = "1", **values: Any) -> int:
        wanted = {
            "system": "donorbox",
            "external_id": external_id,
            "donor_id": insert(
                installation, Donor, email=f"bo-{external_id}@reader.test", name="Bo"
            ),
            "frequency": "monthly",
            "amount": 1000,
            "currency": "usd",
        }
        planted: int = insert(installation, GiftElsewhere, **{**wanted, **values})
        return planted

    return put


def test_a_past_gift_keeps_its_rules(installation: Installation, past: Plant) -> None:
    past()
    rules = {
        "system = ''": "ck_past_gift_origin",
        "external_id = ''": "ck_past_gift_origin",
        "refunded = -1": "ck_past_gift_refunded",
        "refunded = 0": "",
        "installment = 0": "ck_past_gift_installment",
        "installment = 1": "",
        "installment = NULL": "",
    }
    assert rejections(installation, "past_gift", rules) == rules


def test_a_file_brings_a_gift_once_and_another_system_may_use_the_same_id(
    installation: Installation, past: Plant
) -> None:
    first, second = past("1"), past("2")
    again = f"external_id = '1' WHERE id = {second}"
    moves = {
        again: "uq_past_gift_system_external_id",
        f"system = 'donorbox', {again}": "",
        f"donation_id = (SELECT donation_id FROM past_gift WHERE id = {first}) WHERE id = {second}": (
            "uq_past_gift_donation_id"
        ),
    }
    assert rejections(installation, "past_gift", moves) == moves


def test_a_charge_is_one_past_gift_and_many_have_none(
    installation: Installation, past: Plant
) -> None:
    past("1")
    past("2")
    past("3", charge_id="ch_1")
    with pytest.raises(IntegrityError, match="uq_past_gift_charge_id"):
        past("4", charge_id="ch_1")
    past("4", charge_id="ch_2")


def test_a_past_gift_leads_to_its_donation_which_stays(
    installation: Installation, past: Plant
) -> None:
    gift = past("7")
    with installation.sessions() as session:
        found = session.get_one(PastGift, gift)
        assert found.donation.email == "donor-7@reader.test"
        assert (found.refunded, found.receipted_here, found.charge_id) == (0, False, None)
    with pytest.raises(IntegrityError, match="fk_past_gift_donation_id"):
        execute(installation, "DELETE FROM donation")


def test_a_gift_elsewhere_keeps_its_rules(installation: Installation, elsewhere: Plant) -> None:
    elsewhere()
    rules = {
        "system = ''": "ck_gift_elsewhere_origin",
        "external_id = ''": "ck_gift_elsewhere_origin",
        "frequency = 'weekly'": "ck_gift_elsewhere_frequency",
        "frequency = 'yearly'": "",
        "amount = 0": "ck_gift_elsewhere_amount",
        "amount = 1": "",
    }
    assert rejections(installation, "gift_elsewhere", rules) == rules


def test_a_gift_elsewhere_is_listed_once_and_leads_to_its_donor(
    installation: Installation, elsewhere: Plant
) -> None:
    elsewhere("1")
    second = elsewhere("2")
    again = f"external_id = '1' WHERE id = {second}"
    moves = {again: "uq_gift_elsewhere_system_external_id", f"system = 'paypal', {again}": ""}
    assert rejections(installation, "gift_elsewhere", moves) == moves
    with installation.sessions() as session:
        found = session.get_one(GiftElsewhere, second)
        assert (found.donor.email, found.processor) == ("bo-2@reader.test", "")
        assert found.ended_at is None
