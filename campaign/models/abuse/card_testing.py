"""Card testing: which sessions were opened at Stripe, which cards were declined there, and sieges.

Networks, mailboxes and cards are keyed hashes, and rows are purged after days. Nothing here is needed for the books.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import SiegeScope


class SessionOpening(Base):
    """A session at Stripe that a form opened. `amount`: minor units of `currency`, with the fee that the donor covers.

    `network`, `prefix` (the wider network) and `mailbox` are keyed hashes. `honest`: the form was filled in as a
    browser does. `bad_at`: its maker turned out to test cards, so the session is expired at Stripe; `ended_at`: it was.
    """

    __tablename__ = "session_opening"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("ended_at IS NULL OR bad_at IS NOT NULL", name="ended"),
        Index("ix_session_opening_opened_at", "opened_at"),
        Index("ix_session_opening_network", "network", "opened_at"),
        Index("ix_session_opening_prefix", "prefix", "opened_at"),
        Index("ix_session_opening_mailbox", "mailbox", "opened_at"),
        Index("ix_session_opening_donation_id", "donation_id"),
        Index(
            "ix_session_opening_bad",
            "id",
            postgresql_where=text("bad_at IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    session_id: Mapped[str] = mapped_column(unique=True)
    donation_id: Mapped[int] = mapped_column(ForeignKey("donation.id"))
    network: Mapped[str]
    prefix: Mapped[str]
    mailbox: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    honest: Mapped[bool]
    opened_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    bad_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CardDecline(Base):
    """A card that a bank or Stripe declined in such a session. `card` is a keyed hash of Stripe's fingerprint."""

    __tablename__ = "card_decline"
    __table_args__ = (
        Index("ix_card_decline_declined_at", "declined_at"),
        Index("ix_card_decline_opening_id", "opening_id"),
    )

    id: Mapped[Key]
    charge_id: Mapped[str] = mapped_column(unique=True)
    opening_id: Mapped[int] = mapped_column(ForeignKey("session_opening.id"))
    card: Mapped[str]
    declined_at: Mapped[datetime]


class AttemptCount(Base):
    """How many attempts to give were looked at in a minute, and how many of them did not go to Stripe at once."""

    __tablename__ = "attempt_count"
    __table_args__ = (CheckConstraint("held BETWEEN 0 AND attempts", name="held"),)

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))


class Siege(Base):
    """A time in which attempts to give cost a proof of work or a wait. One is open at a time.

    `began_by` and `ended_by` are a member's address, or '' for automatic.
    """

    __tablename__ = "siege"
    __table_args__ = (
        CheckConstraint(one_of("scope", SiegeScope), name="scope"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ended_at"),
        Index(
            "uq_siege_open", text("(true)"), unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_siege_began_at", "began_at"),
    )

    id: Mapped[Key]
    scope: Mapped[str]
    reason: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    began_by: Mapped[str] = mapped_column(server_default=text("''"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(server_default=text("''"))
