"""What every table shares: names of constraints, types of columns, opaque tokens."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    """The declarative base; the names of constraints are stable, so that migrations can refer to them."""

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


Key = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]


def new_token() -> str:
    """An unguessable short text for an address: 128 bits, safe in a URL."""
    return secrets.token_urlsafe(16)


def new_public_id() -> str:
    """A name for a donation that may be told to Stripe and to staff; it opens nothing."""
    return f"don_{secrets.token_hex(10)}"


def one_of(column: str, states: type[StrEnum]) -> str:
    """The SQL of a CHECK that `column` holds one of `states`."""
    listed = ", ".join(f"'{state.value}'" for state in states)
    return f"{column} IN ({listed})"
