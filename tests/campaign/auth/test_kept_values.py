"""Values kept for one browser: taken once, by their owner, before they expire."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from campaign.auth.kept_values import keep_value, purge_kept_values, take_value
from campaign.models import KeptValue, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import add_staff

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
END = NOW + timedelta(minutes=5)
KEY = "k" * 40


def kept(installation: Installation, owner: int, value: object = "one two") -> str:
    with installation.sessions.begin() as session:
        return keep_value(session, owner, "codes", value, KEY, END)


def take(
    installation: Installation,
    owner: int,
    token: str,
    name: str = "codes",
    key: str = KEY,
    at: datetime = NOW,
) -> object:
    with installation.sessions.begin() as session:
        return take_value(session, owner, name, token, key, at)


def test_a_value_is_taken_once_even_by_many_at_once(installation: Installation) -> None:
    owner, _ = add_staff(installation, StaffRole.viewer, "ana@example.org")
    token = kept(installation, owner.id, {"a": ["b", 1]})
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: take(installation, owner.id, token), range(6)))
    assert [one for one in found if one is not None] == [{"a": ["b", 1]}]


def test_nobody_else_and_nothing_else_opens_it(installation: Installation) -> None:
    owner, _ = add_staff(installation, StaffRole.viewer, "ana@example.org")
    other, _ = add_staff(installation, StaffRole.viewer, "bo@example.org")
    token = kept(installation, owner.id)
    assert take(installation, other.id, token) is None
    assert take(installation, owner.id, token, name="form") is None
    assert take(installation, owner.id, token[:-1] + "_") is None
    assert take(installation, owner.id, token, at=END) is None
    assert take(installation, owner.id, token) == "one two"


def test_a_changed_secret_key_opens_nothing(installation: Installation) -> None:
    owner, _ = add_staff(installation, StaffRole.viewer, "ana@example.org")
    token = kept(installation, owner.id)
    assert take(installation, owner.id, token, key="another" * 8) is None


def test_the_database_holds_neither_the_value_nor_the_token(installation: Installation) -> None:
    owner, _ = add_staff(installation, StaffRole.viewer, "ana@example.org")
    token = kept(installation, owner.id, "hunter2 hunter2")
    with installation.sessions() as session:
        [row] = session.scalars(select(KeptValue))
    assert b"hunter2" not in row.sealed
    assert token.encode() not in row.sealed
    assert token != row.digest


def test_expired_values_are_purged(installation: Installation) -> None:
    owner, _ = add_staff(installation, StaffRole.viewer, "ana@example.org")
    kept(installation, owner.id)
    with installation.sessions.begin() as session:
        assert purge_kept_values(session, END) == 0
        assert purge_kept_values(session, END + timedelta(minutes=2)) == 1
        assert session.scalar(select(func.count()).select_from(KeptValue)) == 0
