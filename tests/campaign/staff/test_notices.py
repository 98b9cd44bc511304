"""Emails about sensitive changes: to the member concerned, to the other admins, once each."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.clock import now
from campaign.models import AuditEntry, OutboxMessage, StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.staff import members, notices
from tests.support.staff import add_staff

DOMAIN = "harbor-ledger.example"


@pytest.fixture
def team(installation: Installation) -> dict[str, StaffMember]:
    roles = {"ada": StaffRole.admin, "bo": StaffRole.admin, "fay": StaffRole.finance}
    found = {
        name: add_staff(installation, role, f"{name}@example.org")[0]
        for name, role in roles.items()
    }
    run(installation)
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(recipient="earlier@example.org"))
    return found


def actor(member: StaffMember) -> Actor:
    return Actor(member.email, StaffRole(member.role), member.id)


def run(installation: Installation, above: int = 50_000) -> int:
    with installation.sessions.begin() as session:
        return notices.queue_notices(session, now(), DOMAIN, refunds_above=above)


def told(installation: Installation) -> dict[str, list[str]]:
    """Return the sentences by recipient."""
    found: dict[str, list[str]] = {}
    with installation.sessions() as session:
        rows = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.recipient != "earlier@example.org")
            .order_by(OutboxMessage.id)
        )
        for row in rows:
            assert (row.kind, row.bulk) == ("staff_notice", False)
            found.setdefault(row.recipient.partition("@")[0], []).append(row.details["sentence"])
    return found


def test_a_changed_role_is_told_to_the_member_and_to_the_other_admins(
    installation: Installation, team: dict[str, StaffMember]
) -> None:
    with installation.sessions.begin() as session:
        fay = session.get_one(StaffMember, team["fay"].id)
        members.change_role(session, fay, StaffRole.admin, actor(team["ada"]), now())
    assert run(installation) == 2
    assert told(installation) == {
        "fay": ["Your role was changed to admin."],
        "bo": ["The role of fay@example.org was changed to admin."],
    }
    assert run(installation) == 0


def log(installation: Installation, by: Actor, action: str, key: str, **after: object) -> None:
    with installation.sessions.begin() as session:
        record(session, by, action, Subject(action.partition(".")[0], key), after=after)


@pytest.mark.parametrize("action", [one for one in notices.MEMBER if one not in notices.ADMINS])
def test_each_change_of_an_account_is_told_to_its_member_even_if_they_made_it(
    installation: Installation, team: dict[str, StaffMember], action: str
) -> None:
    log(installation, actor(team["fay"]), action, "Fay@example.org")
    assert run(installation) == 1
    assert told(installation) == {"fay": [notices.MEMBER[action]]}


@pytest.mark.parametrize(
    "action",
    ["api_token.created", "webhook_endpoint.added", "webhook_endpoint.changed", "backup.created"],
)
def test_what_opens_the_data_is_told_to_all_admins_but_the_one_who_did_it(
    installation: Installation, team: dict[str, StaffMember], action: str
) -> None:
    log(installation, actor(team["ada"]), action, "the CRM")
    assert run(installation) == 1
    assert list(told(installation)) == ["bo"]
    log(installation, Actor.command_line(), action, "the CRM")
    assert run(installation) == 2


@pytest.mark.parametrize(
    ("what", "emails"), [("donors", 2), ("subscribers", 2), ("ledger", 0), ("journal", 0)]
)
def test_exports_of_people_are_told_and_others_are_not(
    installation: Installation, team: dict[str, StaffMember], what: str, emails: int
) -> None:
    log(installation, actor(team["fay"]), "export.created", what)
    assert run(installation) == emails


@pytest.mark.parametrize(("amount", "emails"), [(50_000, 0), (50_001, 2)])
def test_refunds_above_the_setting_are_told(
    installation: Installation, team: dict[str, StaffMember], amount: int, emails: int
) -> None:
    log(installation, actor(team["fay"]), "donation.refunded", "don_1", amount=amount)
    assert run(installation) == emails


def test_a_member_who_lost_access_is_told_and_an_inactive_admin_is_not(
    installation: Installation, team: dict[str, StaffMember]
) -> None:
    with installation.sessions.begin() as session:
        bo = session.get_one(StaffMember, team["bo"].id)
        members.deactivate(session, bo, actor(team["ada"]), now())
    log(installation, actor(team["fay"]), "api_token.created", "the CRM")
    assert run(installation) == 2
    assert told(installation) == {
        "bo": ["Your access was taken away."],
        "ada": ["An API token was created: the CRM."],
    }


def test_old_changes_are_not_told(installation: Installation, team: dict[str, StaffMember]) -> None:
    log(installation, actor(team["fay"]), "staff_member.password_changed", "fay@example.org")
    with installation.sessions() as session:
        [entry] = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "staff_member.password_changed")
        )
        later = entry.at + notices.LOOKED_BACK + timedelta(seconds=1)
    with installation.sessions.begin() as session:
        assert notices.queue_notices(session, later, DOMAIN, refunds_above=0) == 0
