"""The audit log: what is recorded, and the entries about one object."""

import getpass

import pytest

from campaign.audit.audit_log import LATEST, Actor, Subject, list_entries_about, record
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


def test_an_entry_has_actor_action_object_and_the_previous_values(
    installation: Installation, campaign: Campaign
) -> None:
    subject = Subject("campaign", campaign.slug, campaign.id)
    with installation.sessions.begin() as session:
        record(session, ADA, "campaign.changed", subject, before={"goal": 1}, after={"goal": 2})
    with installation.sessions() as session:
        (entry,) = list_entries_about(session, "campaign", [campaign.slug])
    assert (entry.actor, entry.action, entry.staff_id) == (ADA.name, "campaign.changed", None)
    assert (entry.subject_kind, entry.subject_key) == ("campaign", "nine-days")
    assert (entry.campaign_id, entry.before, entry.after) == (campaign.id, {"goal": 1}, {"goal": 2})
    assert entry.at.tzinfo is not None


def test_rolled_back_actions_are_not_recorded(installation: Installation) -> None:
    with installation.sessions() as session:
        assert record(session, ADA, "staff.added", Subject("staff", "1")).id
        session.rollback()
        assert list_entries_about(session, "staff", ["1"]) == []


def test_entries_about_an_object_are_newest_first_and_at_most_a_page(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        for number in range(LATEST + 2):
            record(session, ADA, "donor.noted", Subject("donor", "7"), after={"n": number})
        record(session, ADA, "donor.noted", Subject("donor", "77"))
        record(session, ADA, "donation.noted", Subject("donation", "7"))
    with installation.sessions() as session:
        numbers = [entry.after["n"] for entry in list_entries_about(session, "donor", ["7"])]
        both = list_entries_about(session, "donor", ["77", "7"])
        assert list_entries_about(session, "donor", []) == []
    assert numbers == list(range(LATEST + 1, 1, -1))
    assert [entry.subject_key for entry in both[:2]] == ["77", "7"]


def test_the_command_line_is_an_admin_and_a_donor_has_no_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Actor.command_line().role is StaffRole.admin
    assert Actor.command_line().name == f"command line: {getpass.getuser()}"
    assert (Actor.schedule().name, Actor.schedule().role) == ("schedule", StaffRole.admin)
    assert Actor.donor(7) == Actor("donor 7", None)


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert Actor.command_line().name == "command line: unknown"
