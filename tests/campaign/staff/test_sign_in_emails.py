"""Emails with sign-in links: queued once for active members; the link is created when the email is rendered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from campaign.audit.audit_log import Actor
from campaign.auth.links import LinkState, check_link
from campaign.auth.policies import STAFF_LINK
from campaign.core.clock import now
from campaign.mailer.email_context import ObsoleteEmail
from campaign.mailer.outbox import EmailClaim, claim_messages
from campaign.models import OutboxMessage, StaffLink, StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.staff.members import deactivate
from campaign.staff.sign_in_emails import build_sign_in_email, queue_invitation, queue_link
from tests.support.sample_emails import SENDER
from tests.support.staff import add_staff

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)
DOMAIN = "harbor-ledger.example"


@pytest.fixture
def ana(installation: Installation) -> int:
    return add_staff(installation, StaffRole.viewer, "Ana@example.org")[0].id


def ask(
    installation: Installation, email: str = "ana@example.org", at: datetime | None = None
) -> bool:
    with installation.sessions.begin() as session:
        return queue_link(session, email, DOMAIN, at or now())


def invite(installation: Installation, member_id: int, actor: Actor = ADA) -> None:
    with installation.sessions.begin() as session:
        queue_invitation(session, session.get_one(StaffMember, member_id), actor, DOMAIN, now())


def queued(installation: Installation) -> list[OutboxMessage]:
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def claim(installation: Installation, at: datetime) -> EmailClaim:
    with installation.sessions.begin() as session:
        (found,) = claim_messages(session, at, 10)
    return found


def write(installation: Installation, claimed: EmailClaim) -> dict[str, Any] | ObsoleteEmail:
    with installation.sessions.begin() as session:
        return build_sign_in_email(session, claimed, SENDER)


def links(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(StaffLink)) or 0


def test_only_an_active_member_gets_an_email_at_their_team_address(
    installation: Installation, ana: int
) -> None:
    for nobody in ("", "bea@example.org", "%", "ana@example.org.uk"):
        assert not ask(installation, nobody)
    assert ask(installation, " ANA@example.org ")
    (sent_email,) = queued(installation)
    assert (sent_email.recipient, sent_email.kind, sent_email.bulk) == (
        "Ana@example.org",
        "sign_in_link",
        False,
    )
    with installation.sessions.begin() as session:
        deactivate(session, session.get_one(StaffMember, ana), ADA, now())
    assert not ask(installation, at=now() + timedelta(hours=1))


def test_the_same_request_within_half_a_minute_is_one_email_even_concurrently(
    installation: Installation, ana: int
) -> None:
    at = now()
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: ask(installation, at=at), range(4))) == [False] * 3 + [
            True
        ]
    assert not ask(installation, at=at + timedelta(seconds=29))
    assert ask(installation, at=at + timedelta(seconds=30))
    assert len(queued(installation)) == 2


def test_a_concurrent_request_waits_for_the_first(installation: Installation, ana: int) -> None:
    with installation.sessions() as first, installation.sessions() as second:
        assert queue_link(first, "ana@example.org", DOMAIN, now())
        second.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            queue_link(second, "ana@example.org", DOMAIN, now())


def test_an_invitation_is_separate_for_each_inviter(installation: Installation, ana: int) -> None:
    ask(installation)
    for actor in (ADA, ADA, Actor("bo@harbor-ledger.example", StaffRole.admin)):
        invite(installation, ana, actor)
    asked, *invited = queued(installation)
    assert [one.details["invited_by"] for one in invited] == [ADA.name, "bo@harbor-ledger.example"]
    assert asked.expires_at is not None
    assert invited[0].expires_at is not None
    assert asked.expires_at - asked.created_at == timedelta(minutes=15)
    assert invited[0].expires_at - invited[0].created_at == timedelta(days=1)


def test_each_rendering_of_the_email_creates_a_new_link(
    installation: Installation, ana: int
) -> None:
    ask(installation)
    before = links(installation)
    claimed = claim(installation, now())
    sent_emails = [write(installation, claimed) for _ in range(2)]
    assert links(installation) == before + 2
    secrets = set()
    for sent_email in sent_emails:
        assert not isinstance(sent_email, ObsoleteEmail)
        assert (sent_email["hours"], sent_email["minutes"], sent_email["invited_by"]) == (0, 15, "")
        secrets.add(sent_email["link_url"].rpartition("/")[2])
    with installation.sessions() as session:
        for secret in secrets:
            found = check_link(session, STAFF_LINK, secret, now())
            assert (found.state, found.person and found.person.id) == (LinkState.good, ana)
            late = check_link(session, STAFF_LINK, secret, now() + timedelta(minutes=15))
            assert late.state == LinkState.expired
    assert len(secrets) == 2


def test_an_invitation_names_the_inviter_and_its_link_works_for_a_day(
    installation: Installation, ana: int
) -> None:
    invite(installation, ana)
    sent_email = write(installation, claim(installation, now()))
    assert not isinstance(sent_email, ObsoleteEmail)
    assert (sent_email["hours"], sent_email["minutes"], sent_email["invited_by"]) == (
        24,
        0,
        ADA.name,
    )
    with installation.sessions() as session:
        secret = sent_email["link_url"].rpartition("/")[2]
        late = check_link(session, STAFF_LINK, secret, now() + timedelta(hours=23))
        assert late.state == LinkState.good


def test_an_expired_email_is_obsolete_and_creates_no_link(
    installation: Installation, ana: int
) -> None:
    ask(installation)
    before = links(installation)
    claimed = claim(installation, now())
    assert claimed.expires_at is not None
    with time_machine.travel(claimed.expires_at, tick=False):
        shown = write(installation, claimed)
    assert shown == ObsoleteEmail("the link was requested too long ago")
    assert links(installation) == before
    with time_machine.travel(claimed.expires_at.timestamp() - 0.001, tick=False):
        assert not isinstance(write(installation, claimed), ObsoleteEmail)


@pytest.mark.parametrize("change", ["left", "moved"])
def test_a_deactivated_or_renamed_member_gets_no_link(
    installation: Installation, ana: int, change: str
) -> None:
    ask(installation)
    before = links(installation)
    claimed = claim(installation, now())
    with installation.sessions.begin() as session:
        member = session.get_one(StaffMember, ana)
        if change == "left":
            deactivate(session, member, ADA, now())
        else:
            member.email = "new@example.org"
    assert write(installation, claimed) == ObsoleteEmail("the member can no longer sign in")
    assert links(installation) == before
