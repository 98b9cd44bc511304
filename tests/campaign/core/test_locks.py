"""Advisory locks: one list of keys, which never change."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from campaign.core.locks import (
    AdvisoryLock,
    lock_session,
    lock_until_commit,
    release_session_lock,
    try_session_lock,
)
from campaign.runtime.context import Installation

ROOT = Path(__file__).parents[3]
HELD = text(
    "SELECT classid::bigint << 32 | objid::bigint AS key, objsubid = 2 AS pair FROM pg_locks"
    " WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
)
SAME = text("SELECT hashtextextended(:name, :seed)")


def test_every_key_is_different() -> None:
    assert list(AdvisoryLock.__members__) == [lock.name for lock in AdvisoryLock]
    assert {lock.name: lock.value for lock in AdvisoryLock} == {
        "SCHEMA_UPGRADE": 7_201_431,
        "PAYMENT": 7_201_432,
        "OFFLINE_ENTRY": 7_201_433,
        "GIFT_IMPORT": 7_201_436,
        "BULK_MAIL": 0x6D61696C,
        "LIST_SYNC": 0x6C697374,
        "APPEALED": 7_201_434,
        "COUNTDOWN": "countdown",
        "MAIL_LANE": "mail_lane",
        "STAFF_ALERT": "staff_alert",
        "DONOR_EMAIL": 0,
        "SANDBOX_SEED": "sandbox.seed",
    }


@pytest.mark.parametrize(
    ("lock", "part", "name", "seed"),
    [
        (AdvisoryLock.COUNTDOWN, 7, "countdown", 7),
        (AdvisoryLock.STAFF_ALERT, None, "staff_alert", 0),
        (AdvisoryLock.DONOR_EMAIL, "ana@example.org", "ana@example.org", 0),
    ],
)
def test_a_lock_by_name_is_the_hash_of_it(
    installation: Installation, lock: AdvisoryLock, part: int | str | None, name: str, seed: int
) -> None:
    with installation.sessions() as session:
        lock_until_commit(session, lock, part)
        key = session.scalar(SAME, {"name": name, "seed": seed})
        assert session.execute(HELD).all() == [(key, False)]
        session.commit()
        assert session.execute(HELD).all() == []


def test_a_lock_by_number_is_that_number_alone_or_with_its_part(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        lock_until_commit(session, AdvisoryLock.OFFLINE_ENTRY)
        assert session.execute(HELD).all() == [(7_201_433, False)]
    with installation.sessions.begin() as session:
        lock_until_commit(session, AdvisoryLock.PAYMENT, "pi_1")
        part = session.scalar(text("SELECT hashtext('pi_1')::bigint & 4294967295"))
        assert session.execute(HELD).all() == [(7_201_432 << 32 | part, True)]


def test_a_session_lock_is_held_by_one_until_it_is_released(installation: Installation) -> None:
    lock = AdvisoryLock.BULK_MAIL
    with installation.engine.connect() as first, installation.engine.connect() as second:
        assert try_session_lock(first, lock, 1)
        assert not try_session_lock(second, lock, 1)
        assert try_session_lock(second, lock, 2)
        first.commit()
        assert not try_session_lock(second, lock, 1), "a commit does not end it"
        release_session_lock(first, lock, 1)
        assert try_session_lock(second, lock, 1)


def test_a_connection_that_cannot_release_is_closed(installation: Installation) -> None:
    lock = AdvisoryLock.BULK_MAIL
    with installation.engine.connect() as first, installation.engine.connect() as second:
        assert try_session_lock(first, lock, 1)
        pid = first.scalar(text("SELECT pg_backend_pid()"))
        second.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        release_session_lock(first, lock, 1)
        assert first.invalidated
        assert try_session_lock(second, lock, 1)


def test_one_upgrade_waits_for_another(installation: Installation) -> None:
    with installation.engine.connect() as first, installation.engine.connect() as second:
        lock_session(first, AdvisoryLock.SCHEMA_UPGRADE)
        first.commit()
        assert first.execute(HELD).all() == [(7_201_431, False)]
        assert not second.scalar(text("SELECT pg_try_advisory_lock(7201431)"))
        first.invalidate()


def test_every_lock_is_in_the_list() -> None:
    asked = re.compile(r"pg_(try_)?advisory", re.IGNORECASE)
    files = [
        path for part in ("campaign", "workers", "sandbox") for path in (ROOT / part).rglob("*.py")
    ]
    landed = ROOT / "campaign" / "migrations" / "versions"
    found = {path.relative_to(ROOT).as_posix() for path in files
             if landed not in path.parents and asked.search(path.read_text(encoding="utf-8"))}  # fmt: skip
    assert found == {"campaign/core/locks.py"}
