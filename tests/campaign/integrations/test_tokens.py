"""API tokens: created once, stored as a digest, revoked and expired."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.integrations.tokens import (
    NewApiToken,
    Scope,
    authenticate_token,
    create_token,
    derive_token_secret,
    find_token,
    list_tokens,
    revoke_token,
)
from campaign.models import ApiToken, AuditEntry, StaffRole
from campaign.runtime.context import Installation
from tests.support.locks import waits_for_a_lock

ADMIN = Actor("admin@harbor-ledger.example", StaffRole.admin)
AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)


def make(session: Session, name: str = "the CRM", *scopes: str, **more: Any) -> NewApiToken:
    return create_token(session, name, list(scopes) or [Scope.donations], ADMIN, AT, **more)


def noted(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_secret_is_returned_once_and_neither_stored_nor_logged(session: Session) -> None:
    made = make(session, " the CRM ", "ledger:read", "donors:read", "ledger:read")
    assert made.secret.startswith("cmp_")
    # 256 random bits.
    assert len(made.secret) == len("cmp_") + 43
    assert make(session).secret != made.secret
    token = made.token
    assert (token.name, token.hint) == ("the CRM", made.secret[-4:])
    assert token.scopes == ["donors:read", "ledger:read"]
    kept = str({column: getattr(token, column) for column in ApiToken.__table__.columns.keys()})  # noqa: SIM118 - a collection of columns, not a dict
    assert made.secret not in kept
    assert made.secret not in str(session.scalars(select(AuditEntry.after)).all())
    assert find_token(session, made.secret) is token
    assert find_token(session, made.secret[:-1]) is None


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"scopes": []}, ["scopes"]),
        ({"scopes": ["donations:read", "everything"]}, ["scopes"]),
        ({"expires_at": AT}, ["expires_at"]),
        ({"name": "", "scopes": [], "expires_at": AT - BLINK}, ["name", "scopes", "expires_at"]),
    ],
)
def test_an_invalid_token_is_rejected_with_every_error(
    session: Session, changes: dict[str, Any], faults: list[str]
) -> None:
    wanted: dict[str, Any] = {"name": "x" * 100, "scopes": ["donations:read"], **changes}
    with pytest.raises(FieldsInvalid) as refused:
        create_token(session, actor=ADMIN, at=AT, **wanted)
    assert list(refused.value.faults) == faults
    assert list_tokens(session) == []
    assert noted(session) == []


def test_a_form_sent_twice_creates_one_token(session: Session) -> None:
    secret = derive_token_secret("k" * 40, "attempt-1")
    assert secret == derive_token_secret("k" * 40, "attempt-1")
    others = {
        derive_token_secret("k" * 40, "attempt-2"),
        derive_token_secret("l" * 40, "attempt-1"),
    }
    assert secret not in others
    first, again = make(session, "one", secret=secret), make(session, "other", secret=secret)
    assert (first.token.id, again.token.name, again.secret) == (again.token.id, "one", secret)
    assert noted(session) == ["api_token.created"]


def test_tokens_are_listed_newest_first_including_revoked_ones(session: Session) -> None:
    made = [make(session, name).token.id for name in ("one", "two")]
    assert revoke_token(session, made[0], ADMIN, AT)
    assert [token.id for token in list_tokens(session)] == made[::-1]


def test_a_token_is_revoked_at_once_and_only_once(session: Session) -> None:
    made = make(session)
    assert authenticate_token(session, made.secret, AT) is made.token
    assert revoke_token(session, made.token.id, ADMIN, AT)
    assert not revoke_token(session, made.token.id, ADMIN, AT + timedelta(days=1))
    assert made.token.revoked_at == AT
    assert authenticate_token(session, made.secret, AT) is None
    assert noted(session) == ["api_token.created", "api_token.revoked"]
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert {(one.actor, one.subject_kind, one.subject_key) for one in entries} == {
        (ADMIN.name, "api_token", str(made.token.id))
    }
    assert [(one.before, one.after) for one in entries] == [
        ({}, {"name": "the CRM", "scopes": ["donations:read"]}),
        ({"name": "the CRM"}, {}),
    ]
    with pytest.raises(NotFound, match="no token 999"):
        revoke_token(session, 999, ADMIN, AT)


def test_each_scope_is_what_integrators_were_told() -> None:
    assert sorted(Scope) == ["donations:read", "donors:read", "ledger:read", "progress:read"]


def test_a_token_is_active_until_it_expires(session: Session) -> None:
    ends = AT + timedelta(days=1)
    made = make(session, expires_at=ends)
    assert authenticate_token(session, made.secret, ends - BLINK) is made.token
    assert authenticate_token(session, made.secret, ends) is None
    assert authenticate_token(session, "", AT) is None


def test_use_is_recorded_at_most_once_a_minute(session: Session) -> None:
    made, other = make(session), make(session, "the newsletter")
    minute = timedelta(minutes=1)

    def used_at(moment: datetime) -> datetime | None:
        authenticate_token(session, made.secret, moment)
        session.refresh(made.token)
        return made.token.used_at

    assert used_at(AT) == AT
    assert used_at(AT + minute - BLINK) == AT
    assert used_at(AT + minute) == AT + minute
    session.refresh(other.token)
    assert other.token.used_at is None


def test_two_uses_within_a_minute_at_the_same_time_are_recorded_once(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        secret = make(session).secret
    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as first:
            assert authenticate_token(first, secret, AT) is not None
            second = pool.submit(use, installation, secret, AT + BLINK)
            # It reads the token as unused, since the first has not committed.
            assert waits_for_a_lock(installation, second)
        second.result(60)
    with installation.sessions() as session:
        assert session.scalars(select(ApiToken.used_at)).one() == AT


def use(installation: Installation, secret: str, at: datetime) -> None:
    with installation.sessions.begin() as session:
        assert authenticate_token(session, secret, at) is not None


def test_two_who_revoke_a_token_wait_for_each_other_and_one_of_them_did_it(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        number = make(session).token.id

    def revoke() -> bool:
        with installation.sessions.begin() as session:
            return revoke_token(session, number, ADMIN, AT + BLINK)

    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as first:
            assert revoke_token(first, number, ADMIN, AT)
            first.flush()
            second = pool.submit(revoke)
            assert waits_for_a_lock(installation, second)
        assert not second.result(60)
    with installation.sessions() as session:
        assert session.scalars(select(ApiToken.revoked_at)).one() == AT


@pytest.mark.parametrize("name", ["x", "x" * 100, f" {'x' * 100} "])
def test_a_name_has_1_to_100_characters(session: Session, name: str) -> None:
    token = make(session, name, expires_at=AT + BLINK).token
    assert (token.name, token.expires_at, token.created_by) == (
        name.strip(),
        AT + BLINK,
        ADMIN.name,
    )
