"""The donors of another system's gifts: found by address, by their id there, or by name and postal address."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import Donor
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.gifts import ADDED, KNOWN
from campaign.moving.past_donors import PastDonors
from campaign.runtime.context import Installation
from tests.support.donors import add_donor
from tests.support.past_gifts import brought, gift, past_row, store_rows
from tests.support.reconciliation import Bank

ELM = "1 Elm St"


def loaded(session: Session, *rows: PastGiftRow, system: str = "old-crm") -> PastDonors:
    donors = PastDonors(session, system)
    donors.load(rows)
    return donors


def people(session: Session) -> list[tuple[str, str, str]]:
    found = session.scalars(select(Donor).order_by(Donor.id))
    return [(one.email, one.name, one.address) for one in found]


def test_people_without_email_are_told_apart_by_id_name_and_address(
    bank: Bank, tmp_path: Path
) -> None:
    one = {"id": "", "amount": 2500}
    rows = [
        gift(one, id="1", date="2024-01-01", email=""),
        gift(one, id="2", date="2024-02-01", email=""),
        gift(one, id="3", date="2024-03-01", email="", address="9 Oak St"),
        gift(one, id="4", date="2024-04-01", email="", name="", address=""),
    ]
    assert brought(bank, tmp_path, *rows).report.counts[ADDED] == 4
    assert brought(bank, tmp_path, *rows).report.counts[KNOWN] == 4
    with bank.installation.sessions() as session:
        assert people(session) == [
            ("", "Ana Reyes", "1 Elm St"),
            ("", "Ana Reyes", "9 Oak St"),
            ("", "", ""),
        ]


def test_an_address_is_one_donor_in_any_case(session: Session) -> None:
    known = add_donor(session, "Ana@reader.test")
    first, second = past_row("1", email="ANA@reader.test"), past_row("2", email="bo@reader.test")
    donors = loaded(session, first, second)
    assert donors.known(first) == donors.get(first) == known.id
    assert donors.known(second) not in (None, known.id)
    assert [email for email, _, _ in people(session)] == ["Ana@reader.test", "bo@reader.test"]


def test_a_new_donor_is_as_the_first_row_says(session: Session) -> None:
    rows = (
        past_row("1", name="Ana R.", address=ELM, locale="es"),
        past_row("2", name="Ana Reyes", address="9 Oak St"),
    )
    loaded(session, *rows)
    assert people(session) == [("ana@reader.test", "Ana R.", ELM)]
    assert session.scalars(select(Donor.locale)).all() == ["es"]


@pytest.mark.parametrize(
    ("name", "address", "left"),
    [
        ("", "", ("Ana Reyes", ELM)),
        ("A. Reyes", "", ("A. Reyes", ELM)),
        ("", "2 Pier", ("Ana Reyes", "2 Pier")),
        ("A. Reyes", "2 Pier", ("A. Reyes", "2 Pier")),
    ],
)
def test_what_was_entered_here_is_kept_and_what_lacks_is_filled_in(
    session: Session, name: str, address: str, left: tuple[str, str]
) -> None:
    add_donor(session, "ana@reader.test", name, address=address)
    loaded(session, past_row(address=ELM))
    assert people(session) == [("ana@reader.test", *left)]


@pytest.mark.parametrize(("system", "is_known"), [("old-crm", True), ("another", False)])
def test_an_id_names_a_donor_of_its_own_system_only(
    installation: Installation, session: Session, system: str, is_known: bool
) -> None:
    store_rows(installation, past_row("1", donor_ref="56"))
    row = past_row("2", email="", donor_ref="56")
    known = loaded(session, row, system=system).known(row)
    assert (known == session.scalars(select(Donor.id)).one()) is is_known
    assert (known is None) is not is_known


@pytest.mark.parametrize(
    ("name", "address", "is_known"),
    [
        ("ANA REYES", ELM, True),
        ("Ana Reyes", "9 Oak St", False),
        ("Ana R.", ELM, False),
        ("Ana Reyes", "", False),
        ("", ELM, False),
    ],
)
def test_without_an_email_the_name_and_the_whole_address_tell(
    session: Session, name: str, address: str, is_known: bool
) -> None:
    donor = add_donor(session, "", address=ELM)
    row = past_row(email="", name=name, address=address)
    found = loaded(session, row).known(row)
    assert found == (donor.id if is_known else None)


def test_a_person_with_an_email_is_not_found_by_name(session: Session) -> None:
    add_donor(session, "ana@reader.test", address=ELM)
    row = past_row(email="", address=ELM)
    assert loaded(session, row).known(row) is None


def test_rows_of_one_batch_share_the_donor_that_the_first_creates(session: Session) -> None:
    rows = [
        past_row("1", email="", donor_ref="56", address=ELM),
        past_row("2", email="", donor_ref="56", name="", address=""),
        past_row("3", email="", address=ELM, name="ana reyes"),
        past_row("4", email="", name="", address=""),
        past_row("5", email="", name="", address=""),
    ]
    donors = loaded(session, *rows)
    assert [donors.known(row) for row in rows] == [None] * 5
    ids = [donors.get(row) for row in rows]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids)) == 3
    assert len(people(session)) == 3
