"""Merged donors: the canonical donor, the records merged into it, and the other records of an address."""

import pytest
from sqlalchemy import literal, select

from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY
from campaign.donations.canonical_donors import (
    canonical_donor,
    canonical_id,
    donor_records,
    find_donor,
    merged_ids,
    other_records,
)
from campaign.models import Donor
from campaign.runtime.context import Installation
from tests.support.donors import add_donor


@pytest.fixture
def people(installation: Installation) -> dict[str, Donor]:
    """Ana, a canonical donor with two older merged records and a newer one; and Ben."""
    with installation.sessions.begin() as session:
        found = {
            one: add_donor(session, f"{one}@Example.org") for one in ("first", "second", "speaker")
        }
        found["by_mail"] = add_donor(session, "")
        found["ben"] = add_donor(session, "ben@example.org")
        for one in ("first", "second", "by_mail"):
            found[one].merged_into_id = found["speaker"].id
        return found


def test_every_record_has_the_same_canonical_donor(
    installation: Installation, people: dict[str, Donor]
) -> None:
    with installation.sessions() as session:
        speaking = {name: canonical_donor(session, donor).id for name, donor in people.items()}
        spoken = dict(session.execute(select(Donor.id, canonical_id())).all())
    ben = people["ben"].id
    assert set(speaking.values()) - {ben} == {people["speaker"].id}
    assert speaking["ben"] == ben
    assert spoken == {people[name].id: speaker for name, speaker in speaking.items()}


def test_the_canonical_donor_is_first_then_the_others_by_age(
    installation: Installation, people: dict[str, Donor]
) -> None:
    with installation.sessions() as session:
        ids = [one.id for one in donor_records(session, people["speaker"])]
        assert ids == [people[one].id for one in ("speaker", "first", "second", "by_mail")]
        assert {*session.scalars(merged_ids(people["speaker"].id))} == {*ids}
        # A record that was merged into another has none of its own.
        assert session.scalars(merged_ids(people["first"].id)).all() == [people["first"].id]
        assert [one.id for one in donor_records(session, people["ben"])] == [people["ben"].id]


@pytest.mark.parametrize(
    ("address", "others"),
    [
        ("first@example.org", {"second", "speaker", "by_mail"}),
        ("speaker@example.org", {"first", "second", "by_mail"}),
        ("ben@example.org", set()),
        ("nobody@example.org", set()),
        ("", set()),
    ],
)
def test_other_records_are_all_of_the_person_except_the_one_with_the_address(
    installation: Installation, people: dict[str, Donor], address: str, others: set[str]
) -> None:
    with installation.sessions() as session:
        found = set(session.scalars(other_records(literal(address))))
    assert found == {people[one].id for one in others}


def test_an_impossible_id_is_not_found(
    installation: Installation, people: dict[str, Donor]
) -> None:
    with installation.sessions() as session:
        assert find_donor(session, people["first"].id).email == "first@Example.org"
        for number in (0, people["ben"].id + 1, LARGEST_KEY, LARGEST_KEY + 1):
            with pytest.raises(NotFound, match=f"no donor {number}"):
                find_donor(session, number)
