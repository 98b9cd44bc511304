"""Sessions of staff and donors: how they begin, last and end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from campaign.auth.links import LinkState, check_link, make_link
from campaign.auth.policies import DONORS, STAFF, Audience
from campaign.auth.sessions import (
    begin_session,
    end_session,
    end_session_by_id,
    end_sessions,
    find_session,
    purge_sessions,
    revoke_access,
)
from campaign.core.clock import now
from campaign.runtime.context import Installation
from tests.support.audiences import AudienceInTests, for_both_audiences

MOMENT = timedelta(microseconds=1)


def begin(session: Session, one: AudienceInTests, person: Any, at: datetime) -> str:
    """Begin a session for `person`; returns its secret."""
    row = one.new_session(person)
    secret = begin_session(session, one.audience, row, at)
    assert inspect(row).persistent
    return secret


def is_found(session: Session, one: AudienceInTests, secret: str, at: datetime) -> bool:
    return find_session(session, one.audience, secret, at) is not None


def row_id(session: Session, one: AudienceInTests, secret: str, at: datetime) -> int:
    found = find_session(session, one.audience, secret, at)
    assert found is not None
    return int(found.row.id)


@pytest.mark.parametrize(
    ("audience", "idle", "longest", "kept"),
    [
        (STAFF, timedelta(hours=12), timedelta(days=14), timedelta(days=90)),
        (DONORS, timedelta(minutes=30), timedelta(hours=2), timedelta(days=1)),
    ],
)
def test_each_audience_has_its_limits(
    audience: Audience[Any, Any, Any], idle: timedelta, longest: timedelta, kept: timedelta
) -> None:
    assert (audience.idle, audience.longest, audience.kept) == (idle, longest, kept)


@for_both_audiences
def test_a_session_is_found_by_its_secret_and_only_the_digest_is_stored(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        secrets = [begin(session, one, whose, at) for whose in (person, other)]
    with installation.sessions.begin() as session:
        found = find_session(session, one.audience, secrets[0], at)
        assert found is not None
        assert (found.person.id, found.has_passkey) == (person.id, False)
        assert not is_found(session, one, "guessed", at)
        kept = str(session.execute(select(one.audience.sessions.__table__)).all())
    assert all(len(secret) * 6 >= 256 and secret not in kept for secret in secrets)


@for_both_audiences
def test_a_session_ends_after_the_idle_time(
    installation: Installation, one: AudienceInTests
) -> None:
    at, idle = now(), one.audience.idle
    with installation.sessions.begin() as session:
        secret = begin(session, one, one.add_person(session), at)
    for later, found in ((idle - MOMENT, True), (2 * (idle - MOMENT), True)):
        with installation.sessions.begin() as session:
            assert is_found(session, one, secret, at + later) is found
    with installation.sessions.begin() as session:
        assert not is_found(session, one, secret, at + 2 * (idle - MOMENT) + idle)


@for_both_audiences
def test_a_session_ends_at_its_maximum_age_even_if_used(
    installation: Installation, one: AudienceInTests
) -> None:
    at, longest = now(), one.audience.longest
    with installation.sessions.begin() as session:
        secret = begin(session, one, one.add_person(session), at)
    later = timedelta()
    while later < longest:
        with installation.sessions.begin() as session:
            assert is_found(session, one, secret, at + later)
        later += one.audience.idle - MOMENT
    with installation.sessions.begin() as session:
        assert is_found(session, one, secret, at + longest - MOMENT)
        assert not is_found(session, one, secret, at + longest)


@for_both_audiences
def test_last_seen_is_recorded_to_the_minute(
    installation: Installation, one: AudienceInTests
) -> None:
    at, minute = now(), timedelta(minutes=1)
    with installation.sessions.begin() as session:
        secret = begin(session, one, one.add_person(session), at)
    for later, seen in ((minute, timedelta()), (minute + MOMENT, minute + MOMENT)):
        with installation.sessions.begin() as session:
            assert is_found(session, one, secret, at + later)
        with installation.sessions() as session:
            assert session.scalar(select(one.audience.sessions.seen_at)) == at + seen


@for_both_audiences
def test_a_session_ends_once_and_no_other_ends_with_it(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        secret, other = (begin(session, one, person, at) for _ in range(2))
        assert end_session(session, one.audience, secret, at)
        assert not end_session(session, one.audience, secret, at + MOMENT)
        assert not end_session(session, one.audience, "guessed", at)
    with installation.sessions.begin() as session:
        assert not is_found(session, one, secret, at)
        assert is_found(session, one, other, at)
        ended = select(one.audience.sessions.ended_at).order_by(one.audience.sessions.id)
        assert session.scalars(ended).all() == [at, None]


@for_both_audiences
def test_people_end_only_their_own_sessions_by_id(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        secret = begin(session, one, person, at)
        number = row_id(session, one, secret, at)
        assert not end_session_by_id(session, one.audience, other, number, at)
        assert is_found(session, one, secret, at)
        assert end_session_by_id(session, one.audience, person, number, at)
        assert not end_session_by_id(session, one.audience, person, number, at)
        assert not is_found(session, one, secret, at)


@for_both_audiences
def test_all_sessions_of_one_person_end_except_the_given_one(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        secrets = [begin(session, one, person, at) for _ in range(3)]
        others = begin(session, one, other, at)
        here = row_id(session, one, secrets[0], at)
        assert end_sessions(session, one.audience, person, at, but=here) == 2
        assert [is_found(session, one, secret, at) for secret in secrets] == [True, False, False]
        assert end_sessions(session, one.audience, person, at) == 1
        assert end_sessions(session, one.audience, person, at + MOMENT) == 0
        # When a session ended stays on record.
        ended = select(one.audience.sessions.ended_at).order_by(one.audience.sessions.id)
        assert session.scalars(ended).all() == [at, at, at, None]
        assert not is_found(session, one, secrets[0], at)
        assert is_found(session, one, others, at)


@for_both_audiences
def test_after_revoking_access_no_session_or_link_works(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        link = make_link(session, one.kind, one.new_link(person), at).removeprefix(one.kind.path)
        here, elsewhere = (begin(session, one, person, at) for _ in range(2))
        number = row_id(session, one, here, at)
        revoke_access(session, one.audience, person, at, but=number)
        assert [is_found(session, one, secret, at) for secret in (here, elsewhere)] == [True, False]
        assert check_link(session, one.kind, link, at).state is LinkState.used
        revoke_access(session, one.audience, person, at)
        assert not is_found(session, one, here, at)


@for_both_audiences
def test_a_barred_person_is_signed_out_at_once(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        secret = begin(session, one, person, at)
        one.bar(person)
    with installation.sessions.begin() as session:
        assert not is_found(session, one, secret, at)


@for_both_audiences
def test_expired_sessions_are_purged(installation: Installation, one: AudienceInTests) -> None:
    at = now()
    end = at + one.audience.longest + one.audience.kept
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        for whose in (person, other):
            begin(session, one, whose, at)
        begin(session, one, person, at + timedelta(seconds=1))
        assert purge_sessions(session, one.audience, end) == 0
        assert purge_sessions(session, one.audience, end + MOMENT) == 2
        assert session.scalar(select(func.count()).select_from(one.audience.sessions)) == 1
