"""One-time links of staff and donors: they work once, for a limited time, for their owner."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from campaign.auth.links import (
    LinkState,
    check_link,
    make_link,
    purge_links,
    revoke_links,
    use_link,
)
from campaign.auth.policies import DONOR_LINKS, STAFF_LINK, STAFF_LINK_BY_EMAIL, LinkKind
from campaign.core.clock import now
from campaign.models import DonorLink, DonorLinkPurpose
from campaign.runtime.context import Installation
from tests.support.audiences import AUDIENCES, AudienceInTests, for_both_audiences
from tests.support.locks import waits_for_a_lock

MOMENT = timedelta(microseconds=1)


def add_link(session: Session, one: AudienceInTests, person: Any, at: datetime) -> str:
    """Create a link for `person`; returns its secret."""
    row = one.new_link(person)
    path = make_link(session, one.kind, row, at)
    assert inspect(row).persistent
    assert (row.created_at, row.used_at) == (at, None)
    assert path.startswith(one.kind.path)
    return path.removeprefix(one.kind.path)


@for_both_audiences
def test_checking_does_not_use_a_link_and_it_works_once(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        secret = add_link(session, one, person, at)
        for _ in range(3):
            checked = check_link(session, one.kind, secret, at)
            assert (checked.state, checked.person) == (LinkState.good, person)
        used = use_link(session, one.kind, secret, at)
        assert (used.state, used.person) == (LinkState.good, person)
    with installation.sessions.begin() as session:
        for again in (check_link, use_link):
            late = again(session, one.kind, secret, at)
            assert (late.state, late.person, late.link) == (LinkState.used, None, None)


@for_both_audiences
def test_only_the_digest_of_a_256_bit_secret_is_stored(
    installation: Installation, one: AudienceInTests
) -> None:
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        secrets = {add_link(session, one, person, now()) for _ in range(20)}
        table = one.audience.links.__table__
        kept = str(session.execute(select(table)).all())
    assert len(secrets) == 20
    assert all(len(secret) * 6 >= 256 and secret not in kept for secret in secrets)


@pytest.mark.parametrize("first_is_kept", [True, False])
@for_both_audiences
def test_only_one_of_two_concurrent_uses_succeeds(
    installation: Installation, one: AudienceInTests, first_is_kept: bool
) -> None:
    with installation.sessions.begin() as session:
        secret = add_link(session, one, one.add_person(session), now())

    def use() -> LinkState:
        with installation.sessions.begin() as session:
            return use_link(session, one.kind, secret, now()).state

    with ThreadPoolExecutor(1) as pool:
        with installation.sessions() as first:
            assert use_link(first, one.kind, secret, now()).state is LinkState.good
            # The second reads it as unused, since the first has not committed, and waits for the row lock.
            second: Future[LinkState] = pool.submit(use)
            assert waits_for_a_lock(installation, second)
            if first_is_kept:
                first.commit()
            else:
                first.rollback()
        assert second.result(60) is (LinkState.used if first_is_kept else LinkState.good)


@for_both_audiences
def test_only_one_of_many_threads_uses_a_link(
    installation: Installation, one: AudienceInTests
) -> None:
    with installation.sessions.begin() as session:
        secret = add_link(session, one, one.add_person(session), now())

    def use(_: int) -> LinkState:
        with installation.sessions.begin() as session:
            return use_link(session, one.kind, secret, now()).state

    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(use, range(8)))
    assert sorted(states) == [LinkState.good] + [LinkState.used] * 7


@pytest.mark.parametrize(
    ("kind", "path", "lifetime"),
    [
        (STAFF_LINK, "/staff/sign-in/link/", timedelta(hours=24)),
        (STAFF_LINK_BY_EMAIL, "/staff/sign-in/link/", timedelta(minutes=15)),
        (DONOR_LINKS[DonorLinkPurpose.open], "/me/link/", timedelta(minutes=15)),
        (DONOR_LINKS[DonorLinkPurpose.address], "/me/address/", timedelta(hours=1)),
    ],
)
def test_each_kind_of_link_has_its_path_and_lifetime(
    kind: LinkKind[Any, Any, Any], path: str, lifetime: timedelta
) -> None:
    assert (kind.path, kind.lifetime) == (path, lifetime)


@for_both_audiences
def test_a_link_expires_after_the_lifetime_of_its_kind(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    short = replace(one, kind=replace(one.kind, lifetime=timedelta(minutes=5)))
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        for made in (one, short):
            secret, end = add_link(session, made, person, at), at + made.kind.lifetime
            # The row decides how long it works, not the kind it is checked as.
            assert check_link(session, one.kind, secret, end - MOMENT).state is LinkState.good
            for late in (check_link, use_link):
                assert late(session, one.kind, secret, end).state is LinkState.expired
            assert use_link(session, one.kind, secret, end - MOMENT).state is LinkState.good
            assert check_link(session, one.kind, secret, end).state is LinkState.used


@for_both_audiences
def test_revoking_affects_all_links_of_one_person_and_no_others(
    installation: Installation, one: AudienceInTests
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        revoked = [add_link(session, one, person, at) for _ in range(2)]
        kept = add_link(session, one, other, at)
        used_before = add_link(session, one, person, at)
        use_link(session, one.kind, used_before, at)
        revoke_links(session, one.audience, person, at + MOMENT)
        # When a link was used stays on record.
        used_at = select(one.audience.links.used_at).order_by(one.audience.links.id)
        assert session.scalars(used_at).all() == [at + MOMENT, at + MOMENT, None, at]
    with installation.sessions.begin() as session:
        states = [use_link(session, one.kind, secret, at).state for secret in (*revoked, kept)]
    assert states == [LinkState.used, LinkState.used, LinkState.good]


@for_both_audiences
def test_a_guessed_secret_is_unknown(installation: Installation, one: AudienceInTests) -> None:
    with installation.sessions.begin() as session:
        secret = add_link(session, one, one.add_person(session), now())
        for guess in ("", "guessed", secret[:-1], secret + "x"):
            for tried in (check_link, use_link):
                assert tried(session, one.kind, guess, now()).state is LinkState.unknown


@pytest.mark.parametrize(
    ("name", "unused", "used"),
    [
        ("staff", LinkState.closed, LinkState.used),
        # For an erased donor, the answer does not reveal that there was a link.
        ("donors", LinkState.unknown, LinkState.unknown),
    ],
)
def test_a_link_of_a_barred_person_does_not_work(
    installation: Installation, name: str, unused: LinkState, used: LinkState
) -> None:
    one, at = AUDIENCES[name], now()
    with installation.sessions.begin() as session:
        person = one.add_person(session)
        fresh, before = (add_link(session, one, person, at) for _ in range(2))
        use_link(session, one.kind, before, at)
        one.bar(person)
    with installation.sessions.begin() as session:
        for tried in (check_link, use_link):
            assert tried(session, one.kind, fresh, at).state is unused
            assert tried(session, one.kind, before, at).state is used


def test_a_donor_link_works_only_for_its_purpose(
    installation: Installation,
) -> None:
    one, at = AUDIENCES["donors"], now()
    confirming = DONOR_LINKS[DonorLinkPurpose.address]
    with installation.sessions.begin() as session:
        donor = one.add_person(session)
        row = DonorLink(donor_id=donor.id, purpose="address", email="ana@work.example")
        secret = make_link(session, confirming, row, at).removeprefix(confirming.path)
        assert use_link(session, one.kind, secret, at).state is LinkState.unknown
        used = use_link(session, confirming, secret, at)
        assert used.link is not None
        assert used.link.email == "ana@work.example"


@for_both_audiences
def test_expired_links_are_purged(installation: Installation, one: AudienceInTests) -> None:
    at = now()
    end = at + one.kind.lifetime + one.audience.kept
    with installation.sessions.begin() as session:
        person, other = one.add_person(session), one.add_person(session)
        for whose in (person, other):
            add_link(session, one, whose, at)
        add_link(session, one, person, at + timedelta(seconds=1))
        assert purge_links(session, one.audience, end) == 0
        assert purge_links(session, one.audience, end + MOMENT) == 2
        assert session.scalar(select(func.count()).select_from(one.audience.links)) == 1
