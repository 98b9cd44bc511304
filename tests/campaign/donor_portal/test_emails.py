"""Emails of the donor page: queued once, with a link stored in no table, and dropped if obsolete."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from time_machine import travel

from campaign.auth.links import LinkState, check_link
from campaign.auth.policies import DONOR_LINKS
from campaign.core.clock import now
from campaign.donor_portal import emails
from campaign.donor_portal.emails import PortalNote
from campaign.mailer.email_context import ObsoleteEmail
from campaign.mailer.queue import SAME_REQUEST
from campaign.models import Donor, DonorLink, DonorLinkPurpose, OutboxMessage
from campaign.runtime.context import Installation
from tests.support.donors import add_donor, claim_of
from tests.support.sample_emails import SENDER, SITE

DOMAIN = "harbor-ledger.example"


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "Ana@example.org")


def messages(session: Session) -> list[OutboxMessage]:
    found = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    return list(found.unique())


def link(session: Session, **changes: Any) -> Any:
    """The context of the newest email with a link."""
    message = messages(session)[-1]
    for name, value in changes.items():
        setattr(message, name, value)
    return emails.build_link_email(session, claim_of(message), SENDER)


def test_a_link_is_sent_to_the_donors_address_in_the_pages_language(
    session: Session, ana: Donor
) -> None:
    at = now()
    assert emails.queue_link(session, "ANA@example.org", "es", DOMAIN, at)
    (message,) = messages(session)
    assert (message.recipient, message.locale, message.donor_id) == ("ana@example.org", "es", None)
    assert link(session)["email"] == "ana@example.org"
    assert (message.expires_at, message.bulk) == (at + timedelta(minutes=15), False)
    assert message.message_id.endswith(f"@{DOMAIN}>")


def test_an_unknown_address_gets_no_email(session: Session) -> None:
    add_donor(session, "")
    add_donor(session, "", "", erased_at=now())
    for email in ("ben@example.org", "a@b", "%"):
        assert emails.queue_link(session, email, "en", DOMAIN, now())
        assert link(session) == ObsoleteEmail("no donor has this address")


def test_the_same_is_done_for_every_address(installation: Installation) -> None:
    """So the time of the answer tells nothing: `python -m bench.portal_timing` measures it."""
    with installation.sessions.begin() as session:
        add_donor(session, "ana@example.org")
    statements: list[str] = []
    event.listen(
        installation.engine, "before_cursor_execute", lambda *call: statements.append(call[2])
    )
    for email in ("ana@example.org", "nobody@example.org"):
        with installation.sessions.begin() as session:
            emails.queue_link(session, email, "en", DOMAIN, now())
    half = len(statements) // 2
    assert half >= 3
    assert statements[:half] == statements[half:]


def test_repeated_requests_are_one_email_for_a_while(session: Session, ana: Donor) -> None:
    at = now()
    assert emails.queue_link(session, ana.email, "en", DOMAIN, at)
    blink = timedelta(microseconds=1)
    assert not emails.queue_link(session, ana.email, "es", DOMAIN, at + SAME_REQUEST - blink)
    # A confirmation of another address is another wish.
    assert emails.queue_confirmation(session, ana, "new@example.org", "en", DOMAIN, at)
    assert not emails.queue_confirmation(session, ana, "NEW@example.org", "en", DOMAIN, at)
    assert emails.queue_confirmation(session, ana, "newer@example.org", "en", DOMAIN, at)
    assert emails.queue_link(session, ana.email, "en", DOMAIN, at + SAME_REQUEST)


def test_concurrent_clicks_are_one_email(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        add_donor(session, "ana@example.org")
    at = now()

    def ask(_: int) -> bool:
        with installation.sessions.begin() as session:
            return emails.queue_link(session, "ana@example.org", "en", DOMAIN, at)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(ask, range(3))) == [False, False, True]


def test_a_link_is_created_with_its_email_and_stored_in_no_table(
    session: Session, ana: Donor
) -> None:
    emails.queue_confirmation(session, ana, "new@example.org", "es", DOMAIN, now())
    assert session.scalar(select(func.count()).select_from(DonorLink)) == 0
    shown = link(session)
    assert isinstance(shown, dict)
    assert (shown["purpose"], shown["email"], shown["locale"]) == (
        "address",
        "new@example.org",
        "es",
    )
    assert shown["minutes"] == 60
    path, _, secret = shown["link_url"].rpartition("/")
    assert path == f"{SITE}/me/address"
    checked = check_link(session, DONOR_LINKS[DonorLinkPurpose.address], secret, now())
    assert checked.state is LinkState.good
    assert checked.link is not None
    assert checked.link.email == "new@example.org"
    kept = session.execute(select(DonorLink.__table__)).one()
    assert secret not in str(kept)
    # Tried again, it has a link of its own.
    assert link(session)["link_url"] != shown["link_url"]


def test_an_email_with_a_useless_link_is_not_sent(session: Session, ana: Donor) -> None:
    at = now()
    with travel(at, tick=False):
        emails.queue_link(session, ana.email, "en", DOMAIN, at)
        assert link(session, expires_at=at) == ObsoleteEmail("the link request has expired")
        later = at + timedelta(microseconds=1)
        assert isinstance(link(session, expires_at=later), dict)
        ana.email = "ANA@example.org"
        assert isinstance(link(session), dict)
        ana.email = "new@example.org"
        assert link(session) == ObsoleteEmail("no donor has this address")
        ana.email = ana.name = ""
        ana.erased_at = at
        assert link(session) == ObsoleteEmail("no donor has this address")


def test_a_note_is_sent_in_the_donors_language_if_there_is_an_address(
    session: Session, ana: Donor
) -> None:
    ana.locale = "es"
    emails.queue_note(session, ana, PortalNote.erasure_asked, "", DOMAIN, now())
    assert messages(session) == []
    for _ in range(2):
        emails.queue_note(
            session, ana, PortalNote.address_changed, "old@example.org", DOMAIN, now()
        )
    first, _second = messages(session)
    assert (first.recipient, first.expires_at) == ("old@example.org", None)
    shown = emails.build_note_email(session, claim_of(first), SENDER)
    assert (shown["about"], shown["page_url"]) == ("address_changed", f"{SITE}/me?lang=es")


def test_only_the_erasure_note_is_redacted_after_it_is_sent(session: Session, ana: Donor) -> None:
    for about in PortalNote:
        emails.queue_note(session, ana, about, ana.email, DOMAIN, now())
    emails.queue_link(session, ana.email, "en", DOMAIN, now())
    claims = [claim_of(one) for one in messages(session)]
    assert [emails.is_erasure_note(one) for one in claims] == [False, False, True, False]
    emails.redact_note(session, claims[2])
    session.expire_all()
    assert [one.recipient for one in messages(session)].count("") == 1
    assert messages(session)[2].recipient == ""
