"""API tokens: create, list, revoke, authenticate. For staff pages, commands and the API.

A token is 256 random bits, so storing a plain SHA-256 digest is enough: nobody can guess the token from it, and the
timing of a lookup by digest reveals nothing.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.models import ApiToken

PREFIX = "cmp_"
"""Identifies a leaked token, for example to secret scanners."""

USED_EVERY = timedelta(minutes=1)
"""How often `used_at` is written at most, so that reads do not become writes."""


class Scope(StrEnum):
    """What a token may read. Names and addresses always require `donors:read`."""

    progress = "progress:read"
    donations = "donations:read"
    donors = "donors:read"
    ledger = "ledger:read"


@dataclass(frozen=True)
class NewApiToken:
    """A new token; its `secret` is not stored and cannot be read again."""

    token: ApiToken
    secret: str


def create_token(
    session: Session,
    name: str,
    scopes: list[str],
    actor: Actor,
    at: datetime,
    *,
    expires_at: datetime | None = None,
    secret: str = "",
) -> NewApiToken:
    """Create a token called `name`; raises FieldsInvalid for a missing name, unknown scopes, or an expiry in the past.

    If the caller passes a `secret` that a token already has, that token is returned and nothing is created.
    """
    faults = {}
    if not 0 < len(name.strip()) <= 100:
        faults["name"] = "Enter a name of at most 100 characters that says who will use the token."
    if not scopes or set(scopes) - {scope.value for scope in Scope}:
        faults["scopes"] = f"Choose at least one of {', '.join(Scope)}."
    if expires_at is not None and expires_at <= at:
        faults["expires_at"] = "The expiry must be in the future."
    if faults:
        raise FieldsInvalid(faults)
    secret = secret or PREFIX + secrets.token_urlsafe(32)
    row = insert(ApiToken).values(
        name=name.strip(),
        digest=_digest(secret),
        hint=secret[-4:],
        scopes=sorted(set(scopes)),
        created_by=actor.name,
        expires_at=expires_at,
    )
    new = session.scalar(row.on_conflict_do_nothing().returning(ApiToken.id))
    token = session.scalars(select(ApiToken).where(ApiToken.digest == _digest(secret))).one()
    if new is None:
        return NewApiToken(token, secret)
    facts = {"name": token.name, "scopes": token.scopes}
    audit_log.record(session, actor, "api_token.created", _subject(token), after=facts)
    return NewApiToken(token, secret)


def derive_token_secret(key: str, attempt: str) -> str:
    """Derive the secret of the token that one form creates, however often it is sent. Requires the `key`."""
    made = hmac.digest(key.encode(), f"api-token:{attempt}".encode(), "sha256")
    return PREFIX + base64.urlsafe_b64encode(made).decode().rstrip("=")


def find_token(session: Session, secret: str) -> ApiToken | None:
    """Return the token with `secret`, active or not; None if there is none."""
    return session.scalars(select(ApiToken).where(ApiToken.digest == _digest(secret))).one_or_none()


def list_tokens(session: Session) -> list[ApiToken]:
    """Return all tokens, newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def revoke_token(session: Session, token_id: int, actor: Actor, at: datetime) -> bool:
    """Revoke a token at once; returns False if it was already revoked. Raises NotFound."""
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is None:
        raise NotFound(f"There is no token {token_id}. See `campaign tokens list`.")
    if token.revoked_at is not None:
        return False
    token.revoked_at = at
    audit_log.record(
        session, actor, "api_token.revoked", _subject(token), before={"name": token.name}
    )
    return True


def authenticate_token(session: Session, secret: str, at: datetime) -> ApiToken | None:
    """Return the token with `secret` if it is active, else None; records its use at most once a minute."""
    found = session.scalar(select(ApiToken).where(ApiToken.digest == _digest(secret)))
    if found is None or found.revoked_at or (found.expires_at and found.expires_at <= at):
        return None
    if found.used_at is None or found.used_at <= at - USED_EVERY:
        session.execute(
            update(ApiToken)
            .where(
                ApiToken.id == found.id,
                or_(ApiToken.used_at.is_(None), ApiToken.used_at <= at - USED_EVERY),
            )
            .values(used_at=at)
            .execution_options(synchronize_session=False)
        )
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _subject(token: ApiToken) -> Subject:
    return Subject("api_token", str(token.id))
