"""Keys made from SECRET_KEY, kept beside an engine: what the database itself may not hold, its rows can be read with.

A copy of the database alone therefore opens no link, names no erased person and shows no sealed address.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect, Engine
from sqlalchemy.orm import Session

_secrets: WeakKeyDictionary[Dialect, tuple[str, ...]] = WeakKeyDictionary()
_derived: WeakKeyDictionary[Dialect, dict[str, tuple[bytes, ...]]] = WeakKeyDictionary()


def use_secret_keys(engine: Engine, secret_keys: Sequence[str]) -> None:
    """Use these secrets for the rows of this engine: the present one first, then old ones, which only read."""
    _secrets[engine.dialect] = tuple(secret_keys)
    _derived[engine.dialect] = {}


def keys_of(dialect: Dialect, purpose: str) -> tuple[bytes, ...]:
    """Return the keys of 32 bytes for `purpose`; raises RuntimeError for an engine that was given no secret."""
    known = _derived.setdefault(dialect, {})
    if purpose not in known:
        known[purpose] = tuple(
            hmac.new(one.encode(), purpose.encode(), hashlib.sha256).digest()
            for one in _secrets.get(dialect, ())
        )
    if not known[purpose]:
        raise RuntimeError("This engine has no secret keys: see campaign.core.engine_keys.")
    return known[purpose]


def address_digests(session: Session, address: str) -> list[str]:
    """Return what stands for an erased person's address: its HMAC under each key, the present one first.

    A plain digest would tell whoever can guess the address.
    """
    text = address.strip().lower().encode()
    return [
        hmac.new(key, text, hashlib.sha256).hexdigest()
        for key in keys_of(session.get_bind().dialect, "erased")
    ]


def seal(session: Session, text: str) -> str:
    """Return `text` encrypted, in hexadecimal: https://cryptography.io/en/latest/fernet/."""
    return _fernet(session).encrypt(text.encode()).hex()


def unseal(session: Session, sealed: str) -> str | None:
    """Return the text that was sealed; None if it was sealed with a key that is no longer known."""
    try:
        return _fernet(session).decrypt(bytes.fromhex(sealed)).decode()
    except (InvalidToken, ValueError):
        return None


def _fernet(session: Session) -> MultiFernet:
    keys = keys_of(session.get_bind().dialect, "sealed")
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
