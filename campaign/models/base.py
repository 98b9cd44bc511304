"""What all tables share: constraint names, column types and opaque tokens."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    """The declarative base. Constraint names are stable, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text(), int: BigInteger()}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute


LINK_NAME = "token ~ '^([0-9a-f]{20}|[0-9a-f]{24})$'"
"""The SQL of a CHECK that the column `token` holds names of links, not tokens: `campaign.core.link_tokens`."""

Key = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]


def new_token() -> str:
    """Return a short random token for URLs: 128 bits, URL-safe."""
    return secrets.token_urlsafe(16)


def new_public_id() -> str:
    """Return a public id for a donation. Stripe and staff may know it; it grants no access."""
    return f"don_{secrets.token_hex(10)}"


def one_of(column: str, states: type[StrEnum]) -> str:
    """Return the SQL of a CHECK that `column` is one of `states`."""
    listed = ", ".join(f"'{state.value}'" for state in states)
    return f"{column} IN ({listed})"
