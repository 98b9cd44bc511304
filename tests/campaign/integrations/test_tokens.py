"""API tokens: created once, stored as a digest, revoked and expired."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.integrations.tokens import (
    PREFIX,
    USED_EVERY,
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

ADMIN = Actor("admin@harbor-ledger.example", StaffRole.admin)
AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)


def make(session: Session, name: str = "the CRM", *scopes: str, **more: Any) -> NewApiToken:
    return create_token(session, name, list(scopes) or [Scope.donations], ADMIN, AT, **more)


def noted(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_secret_is_returned_once_and_neither_stored_nor_logged(session: Session) -> None:
    made = make(session, " the CRM ", "ledger:read", "donors:read", "ledger:read")
    assert made.secret.startswith(PREFIX)
    assert len(made.secret) >= len(PREFIX) + 43
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
    made = make(session)

    def used_at(moment: datetime) -> datetime | None:
        authenticate_token(session, made.secret, moment)
        session.refresh(made.token)
        return made.token.used_at

    assert used_at(AT) == AT
    assert used_at(AT + USED_EVERY - BLINK) == AT
    assert used_at(AT + USED_EVERY) == AT + USED_EVERY
