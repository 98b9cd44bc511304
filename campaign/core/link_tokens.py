"""Tokens of emailed links, which the database never holds: docs/decisions/016.

A token is the name of its row, 20 random hexadecimal digits that open nothing, and an HMAC (RFC 2104) of that name and
the row's kind, whose key comes from SECRET_KEY. The column holds the name; `LinkToken` adds the HMAC when a row is
read, and checks it when a token is looked up. So no copy of the database, backup or export has a link that opens
anything.

Links sent before this existed had random tokens. The name of such a row is the beginning of its token's SHA-256, so the
links still open: 24 digits, which tells them from names.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from campaign.core.engine_keys import keys_of

NAME_DIGITS = 20
"""Of a row's name: 80 random bits. The unique constraint refuses a repetition."""

OLD_NAME_DIGITS = 24
"""Of the name of a row whose link had a random token: the first 96 bits of the token's SHA-256."""

_PROOF = 26
"""Characters of the HMAC's first 128 bits in base32. Lower case only: mail servers change the case of addresses."""


class LinkName(str):
    """A row's name, to be stored as it is. Any other text is a token."""

    __slots__ = ()


def new_link_name() -> LinkName:
    """Return a random name for a row."""
    return LinkName(secrets.token_hex(NAME_DIGITS // 2))


def old_link_name(token: str) -> LinkName:
    """Return the name of the row whose link was sent with the random `token`, as migration 0042 wrote it."""
    return LinkName(hashlib.sha256(token.encode(errors="replace")).hexdigest()[:OLD_NAME_DIGITS])


class LinkToken(TypeDecorator[str]):
    """A column that holds names and reads as tokens. `kind` is what the links open; each kind has tokens of its own.

    Raises RuntimeError with an engine that was given no secret keys, rather than sending or refusing links.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the name of the row that the token opens; a name that no row has if the token is wrong."""
        if value is None or isinstance(value, LinkName):
            return value
        name = value[:-_PROOF]
        if any(
            hmac.compare_digest(value.encode(errors="replace"), one)
            for one in self._tokens(name, dialect)
        ):
            return name
        return old_link_name(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the token of the row with this name, made with the present key."""
        return None if value is None else self._tokens(value, dialect)[0].decode()

    def new_token(self) -> Callable[[Any], str]:
        """Return a default for the column: the token of a new name."""

        def of_new_row(context: Any) -> str:
            return self._tokens(new_link_name(), context.dialect)[0].decode()

        return of_new_row

    def _tokens(self, name: str, dialect: Dialect) -> list[bytes]:
        about = f"{self.kind}:{name}".encode(errors="replace")
        keys = keys_of(dialect, "links")
        return [name.encode(errors="replace") + _proof(key, about) for key in keys]


def _proof(key: bytes, about: bytes) -> bytes:
    digest = hmac.new(key, about, hashlib.sha256).digest()[:16]
    return b32encode(digest).rstrip(b"=").lower()
