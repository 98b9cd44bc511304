"""Notes: added, never changed, and not copied to the audit log."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import NoteRefused
from campaign.donors.notes import LONGEST, add_donation_note, add_donor_note, list_notes
from campaign.models import AuditEntry, Campaign, Donor, Note, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, audited
from tests.support.donors import add_donor

MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "ana@example.org")


def test_a_note_submitted_twice_is_added_once_and_again_after_another_note(
    session: Session, ana: Donor
) -> None:
    first = add_donor_note(session, ana, " Called us.\r\nKind. ", MIA)
    assert first.text == "Called us.\nKind."
    assert add_donor_note(session, ana, "Called us.\nKind.", MIA) is first
    by_another = add_donor_note(session, ana, "Called us.\nKind.", FAY)
    again = add_donor_note(session, ana, "Called us.\nKind.", MIA)
    assert [one.id for one in list_notes(session, donor_ids=[ana.id])] == [
        again.id,
        by_another.id,
        first.id,
    ]


def test_two_concurrent_clicks_add_one_note(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")

    def add(_: int) -> int:
        with installation.sessions.begin() as session:
            return add_donor_note(session, session.get_one(Donor, ana.id), "Called", MIA).id

    with ThreadPoolExecutor(3) as pool:
        assert len({*pool.map(add, range(3))}) == 1
    assert len(audited(installation)) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" \r\n ", "Enter a note."),
        ("a\x07b", "control character"),
        ("x" * (LONGEST + 1), f"at most {LONGEST} characters. This note has {LONGEST + 1}"),
    ],
)
def test_empty_and_overlong_notes_are_rejected(
    session: Session, ana: Donor, text: str, why: str
) -> None:
    with pytest.raises(NoteRefused, match=why):
        add_donor_note(session, ana, text, MIA)
    assert add_donor_note(session, ana, f" {'x' * LONGEST} ", MIA).written_by == MIA.name


def test_the_log_records_that_a_note_was_added_but_not_its_text(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    gift = add_booked_gift(session, campaign)
    notes = [
        add_donor_note(session, ana, "Confidential", MIA),
        add_donation_note(session, gift, "Confidential", MIA),
    ]
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.subject_key, one.after) for one in entries] == [
        ("donor.noted", str(ana.id), {"note": notes[0].id}),
        ("donation.noted", gift.public_id, {"note": notes[1].id}),
    ]


def test_notes_are_only_those_of_the_requested_donor_or_donation(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    gift = add_booked_gift(session, campaign)
    about_ana = add_donor_note(session, ana, "Of Ana", MIA)
    about_gift = add_donation_note(session, gift, "Of a gift", MIA)
    assert list(list_notes(session, donor_ids=[ana.id])) == [about_ana]
    assert list(list_notes(session, donation_id=gift.id)) == [about_gift]
    assert list(list_notes(session, donor_ids=[ana.id], donation_id=gift.id)) == [
        about_gift,
        about_ana,
    ]
    assert list(list_notes(session)) == []
    assert session.scalars(select(func.count()).select_from(Note)).one() == 2
