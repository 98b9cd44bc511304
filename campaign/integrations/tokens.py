"""Tokens of the read API: made, listed, revoked, and recognised. Staff pages, commands and the API call it.

A token is 256 random bits, so that its plain SHA-256 digest is enough to know it by: nothing could be guessed from it,
and the lookup by an indexed digest tells nothing by its time.
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
"""By which a token that leaked into a file is known for what it is."""

USED_EVERY = timedelta(minutes=1)
"""`used_at` is not written more often: reading must not become writing."""


class Scope(StrEnum):
    """What a token may read. Names and addresses of people need `donors:read` everywhere."""

    progress = "progress:read"
    donations = "donations:read"
    donors = "donors:read"
    ledger = "ledger:read"


@dataclass(frozen=True)
class NewApiToken:
    """A new token; `secret` is known this once."""

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
    """Make a token called `name`; raises FieldsInvalid for no name, unknown scopes, or an end in the past.

    With a `secret` of the caller's the same one again is the same token, whoever asked first.
    """
    faults = {}
    if not 0 < len(name.strip()) <= 100:
        faults["name"] = "Give the token a name of at most 100 letters: who will use it."
    if not scopes or set(scopes) - {scope.value for scope in Scope}:
        faults["scopes"] = f"Choose at least one of {', '.join(Scope)}."
    if expires_at is not None and expires_at <= at:
        faults["expires_at"] = "The last moment of a token lies in the future."
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
    told = {"name": token.name, "scopes": token.scopes}
    audit_log.record(session, actor, "api_token.created", _subject(token), after=told)
    return NewApiToken(token, secret)


def derive_token_secret(key: str, attempt: str) -> str:
    """The secret that one filled-in form makes, however often it is sent; only who has the `key` can tell it."""
    made = hmac.digest(key.encode(), f"api-token:{attempt}".encode(), "sha256")
    return PREFIX + base64.urlsafe_b64encode(made).decode().rstrip("=")


def find_token(session: Session, secret: str) -> ApiToken | None:
    """The token of `secret`, in force or not."""
    return session.scalars(select(ApiToken).where(ApiToken.digest == _digest(secret))).one_or_none()


def list_tokens(session: Session) -> list[ApiToken]:
    """Every token, the newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def revoke_token(session: Session, token_id: int, actor: Actor, at: datetime) -> bool:
    """End a token at once; False where it was revoked before. Raises NotFound."""
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is None:
        raise NotFound(f"There is no token {token_id}; `campaign tokens list` shows them.")
    if token.revoked_at is not None:
        return False
    token.revoked_at = at
    audit_log.record(
        session, actor, "api_token.revoked", _subject(token), before={"name": token.name}
    )
    return True


def authenticate_token(session: Session, secret: str, at: datetime) -> ApiToken | None:
    """The token of `secret` if it is in force; that it was used is noted at most once a minute."""
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
