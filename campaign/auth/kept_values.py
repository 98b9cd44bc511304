"""Keep a value for one signed-in browser, without it standing in the cookie or readable in the database.

The browser has a token; the database has its digest and the value, encrypted with a key made of the token and
SECRET_KEY (Fernet: https://cryptography.io/en/latest/fernet/).
"""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete
from sqlalchemy.orm import Session

from campaign.core.secrets import derived_key, digest_of, new_secret
from campaign.models import KeptValue


def keep_value(
    session: Session,
    staff_id: int,
    name: str,
    value: Any,
    secret_key: str,
    expires_at: datetime,
) -> str:
    """Keep a JSON value for the member with this id until `expires_at`; return the token that opens it."""
    token = new_secret()
    sealed = _box(secret_key, token).encrypt(json.dumps(value).encode())
    session.add(
        KeptValue(
            staff_id=staff_id,
            name=name,
            digest=digest_of(token),
            sealed=sealed,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def take_value(
    session: Session, staff_id: int, name: str, token: str, secret_key: str, at: datetime
) -> Any:
    """Return the value and forget it; None if it is another member's, was taken, or has expired.

    Of two requests at once, one gets it.
    """
    sealed = session.scalar(
        delete(KeptValue)
        .where(
            KeptValue.digest == digest_of(token),
            KeptValue.staff_id == staff_id,
            KeptValue.name == name,
            KeptValue.expires_at > at,
        )
        .returning(KeptValue.sealed)
    )
    if sealed is None:
        return None
    try:
        return json.loads(_box(secret_key, token).decrypt(sealed))
    except InvalidToken:
        return None  # SECRET_KEY was changed meanwhile


def purge_kept_values(session: Session, at: datetime) -> int:
    """Delete expired values; return how many."""
    over = delete(KeptValue).where(KeptValue.expires_at < at - timedelta(minutes=1))
    return len(session.execute(over.returning(KeptValue.id)).all())


def _box(secret_key: str, token: str) -> Fernet:
    key = derived_key(secret_key, f"kept value: {token}")
    return Fernet(base64.urlsafe_b64encode(key))
