"""Attempts to give, counted without a name: what is stored, what is counted, and a siege that begins by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from campaign.card_testing.assessment import (
    KEPT,
    Attempt,
    assess,
    purge_openings,
    read_counts,
    record_session,
    source_of,
)
from campaign.card_testing.policy import UNPAID_ATTACK, Counts
from campaign.card_testing.siege import find_siege
from campaign.core.networks import network_key
from campaign.models import AttemptCount, Campaign, CardDecline, Donation, SessionOpening
from campaign.runtime.context import Installation
from tests.support.ledger import add_donation_to

NOW = datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)
ANA = Attempt(
    slug="nine-days",
    network="192.0.2.1",
    email="ana@example.org",
    amount=2_500,
    currency="usd",
    frequency="one_time",
    form_seconds=40.0,
    honeypot=False,
    scripted=False,
    at=NOW,
)

Open = Callable[..., str]


@pytest.fixture
def opened(installation: Installation, campaign: Campaign) -> Open:
    """Record that an attempt opened a session, paid or not; return the session's id."""
    numbers = iter(range(10_000))

    def record(attempt: Attempt = ANA, *, paid: bool = False, declined: int = 0) -> str:
        number = next(numbers)
        session_id = f"cs_{number}"
        facts = add_donation_to(installation, campaign)
        with installation.sessions.begin() as session:
            session.get_one(Donation, facts.donation.id).session_id = session_id
        record_session(installation, attempt, session_id)
        with installation.sessions.begin() as session:
            row = session.scalars(select(SessionOpening).filter_by(session_id=session_id)).one()
            row.paid_at = attempt.at if paid else None
            for card in range(declined):
                charge = f"ch_{number}_{card}"
                session.add(
                    CardDecline(
                        charge_id=charge, opening_id=row.id, card=f"card {card}", declined_at=NOW
                    )
                )
        return session_id

    return record


def counts_of(installation: Installation, attempt: Attempt = ANA) -> Counts:
    source = source_of(installation.settings.secret_key, attempt)
    with installation.sessions() as session:
        return read_counts(session, source, attempt.at, honest=attempt.honest)


@pytest.mark.parametrize(
    ("changes", "honest"),
    [
        ({}, True),
        ({"form_seconds": 2.0}, True),
        ({"form_seconds": 1.9}, False),
        ({"form_seconds": None}, False),
        ({"scripted": True}, False),
        ({"honeypot": True}, False),
    ],
)
def test_an_attempt_is_honest_if_a_person_could_have_made_it(
    changes: dict[str, object], honest: bool
) -> None:
    assert replace(ANA, **changes).honest is honest


def test_each_source_and_each_time_is_counted_apart(
    installation: Installation, campaign: Campaign, opened: Open
) -> None:
    opened()
    opened(replace(ANA, amount=100), paid=True)
    opened(replace(ANA, email="ana+2@example.org", amount=300), declined=2)
    opened(replace(ANA, email="bea@example.org", network="192.0.2.9"), declined=1)
    opened(replace(ANA, email="cid@example.org", network="198.51.100.1", scripted=True))
    opened(replace(ANA, at=NOW - timedelta(minutes=11)))
    opened(replace(ANA, at=NOW - timedelta(minutes=61), amount=700))
    opened(replace(ANA, at=NOW - timedelta(hours=23), amount=900), paid=True)
    opened(replace(ANA, at=NOW - timedelta(hours=25), amount=900), paid=True)
    found = counts_of(installation)
    assert (found.alike.unpaid, found.alike.paid, found.alike.declined) == (3, 1, 2)
    assert (found.network.unpaid, found.network.paid, found.network.declined) == (3, 2, 2)
    assert (found.prefix.unpaid, found.prefix.paid) == (4, 2)
    mailbox = found.mailbox
    assert (mailbox.unpaid, mailbox.paid, mailbox.declined, mailbox.amounts) == (4, 2, 2, 3)
    # A script is weighed against all sessions.
    script = counts_of(installation, replace(ANA, scripted=True))
    assert (script.alike.unpaid, script.alike.paid, script.alike.declined) == (4, 1, 2)


def test_all_spellings_of_a_mailbox_and_a_network_are_one(
    installation: Installation, campaign: Campaign, opened: Open
) -> None:
    first = network_key("2001:db8:1:2::9")
    opened(replace(ANA, email="a.na+1@gmail.com", network=first))
    same = replace(ANA, email="ANA@googlemail.com", network=network_key("2001:db8:1:2:ffff::1"))
    found = counts_of(installation, same)
    assert (found.mailbox.unpaid, found.network.unpaid, found.prefix.unpaid) == (1, 1, 1)
    neighbor = replace(same, network=network_key("2001:db8:1:3::1"), email="bea@example.org")
    found = counts_of(installation, neighbor)
    assert (found.mailbox.unpaid, found.network.unpaid, found.prefix.unpaid) == (0, 0, 1)


def test_a_session_is_recorded_once_and_names_nobody(
    installation: Installation, campaign: Campaign, opened: Open
) -> None:
    session_id = opened()
    record_session(installation, ANA, session_id)
    record_session(installation, ANA, "cs_of_no_donation")
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(SessionOpening)) == 1
        [row] = session.execute(text("SELECT row_to_json(o)::text FROM session_opening o")).one()
    for secret in ("ana", "example.org", "192.0.2"):
        assert secret not in row
    other = source_of("another secret" * 4, ANA)
    assert other.network not in row
    assert other.mailbox not in row


def test_attempts_are_counted_by_the_minute_also_at_once(
    installation: Installation, campaign: Campaign
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: assess(installation, ANA), range(40)))
    assess(installation, replace(ANA, honeypot=True))
    assess(installation, replace(ANA, at=NOW + timedelta(minutes=1)))
    with installation.sessions() as session:
        rows = session.execute(
            select(AttemptCount.attempts, AttemptCount.held).order_by(AttemptCount.minute)
        ).all()
    assert rows == [(41, 1), (1, 0)]


def _fill(installation: Installation, campaign: Campaign, number: int, *, honest: bool) -> None:
    """Add sessions of as many networks."""
    add_donation_to(installation, campaign)
    with installation.sessions.begin() as session:
        donation_id = session.scalar(select(func.max(Donation.id)))
        session.execute(
            text(
                "INSERT INTO session_opening (session_id, donation_id, network, prefix, mailbox, amount, currency,"
                " honest, opened_at) SELECT 'cs_many_' || n || :honest, :donation, 'n' || n, 'p' || n, 'm' || n, 100,"
                " 'usd', :honest, :at FROM generate_series(1, :number) n"
            ),
            {"donation": donation_id, "number": number, "honest": honest, "at": NOW},
        )


def test_scripts_in_an_attack_cost_honest_donors_nothing(
    installation: Installation, campaign: Campaign
) -> None:
    _fill(installation, campaign, UNPAID_ATTACK, honest=False)
    script = replace(ANA, scripted=True, form_seconds=None, network="198.51.100.7")
    assert assess(installation, script).kind == "proof"
    assert assess(installation, ANA).kind == "none"
    with installation.sessions() as session:
        found = find_siege(session)
        assert (found.scope, found.began_by) == ("scripts", "")
    assert assess(installation, replace(ANA, email="bea@example.org")).kind == "none"


def test_thieves_who_imitate_the_form_begin_a_siege_for_everyone_but_those_who_pay(
    installation: Installation, campaign: Campaign, opened: Open
) -> None:
    _fill(installation, campaign, UNPAID_ATTACK - 1, honest=True)
    assert assess(installation, ANA).kind == "none"
    opened(replace(ANA, network="198.51.100.7", email="x@example.org"))
    assert assess(installation, ANA).kind == "proof"
    with installation.sessions() as session:
        assert find_siege(session).scope == "everyone"
    opened(replace(ANA, email="neighbor@example.org"), paid=True)
    assert assess(installation, ANA).kind == "none"


def test_a_siege_for_scripts_is_widened_to_everyone(
    installation: Installation, campaign: Campaign
) -> None:
    _fill(installation, campaign, UNPAID_ATTACK, honest=True)
    assess(installation, replace(ANA, scripted=True))
    with installation.sessions() as session:
        assert find_siege(session).scope == "scripts"
    assess(installation, ANA)
    with installation.sessions() as session:
        assert find_siege(session).scope == "everyone"


def test_rows_are_purged_after_days_with_their_declines(
    installation: Installation, campaign: Campaign, opened: Open
) -> None:
    opened(replace(ANA, at=NOW - KEPT - timedelta(seconds=1)), declined=2)
    kept = opened(replace(ANA, at=NOW - KEPT + timedelta(seconds=1)), declined=1)
    with installation.sessions.begin() as session:
        session.add(AttemptCount(minute=NOW - KEPT - timedelta(minutes=1)))
    with installation.sessions.begin() as session:
        assert purge_openings(session, NOW) == 2
        assert session.scalars(select(SessionOpening.session_id)).all() == [kept]
        assert session.scalar(select(func.count()).select_from(CardDecline)) == 1
        assert session.scalar(select(func.count()).select_from(Donation)) == 2
