"""When the mail server refuses everybody: the refusals in a row, and the times in which sending was stopped."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of
from campaign.models.states import MailLane


class MailRefusal(Base):
    """A message that the mail server refused, until it accepts one on the same connection or stops the lane.

    `connection` tells apart the connections to the mail server, which may lead to different machines. `superseded`: the
    server has since accepted a message of the lane on another connection, so only this connection still counts it.
    `attempts` are the message's at the time; `suppression_id` is the suppression that the refusal made. Refusals with
    the same `refusal_key` say the same. Messages and suppressions may be deleted meanwhile, so neither id is a foreign
    key.
    """

    __tablename__ = "mail_refusal"
    __table_args__ = (
        CheckConstraint(one_of("lane", MailLane), name="lane"),
        Index("ix_mail_refusal_lane", "lane"),
    )

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str]
    connection: Mapped[str]
    refusal_key: Mapped[str]
    superseded: Mapped[bool] = mapped_column(server_default=text("false"))
    attempts: Mapped[int] = mapped_column(Integer)
    suppression_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MailOutage(Base):
    """A time in which the mail server refused every message of a lane, so that sending was stopped.

    `cause` and `words` (without addresses) are those of the refusal, `refusal_key` compares it with others, `readers`
    counts the different recipients in a row; 0 if the server refused the connection itself. At `probe_at` one message
    is tried again; `probes` counts these tries.
    """

    __tablename__ = "mail_outage"
    __table_args__ = (
        CheckConstraint(one_of("lane", MailLane), name="lane"),
        Index(
            "uq_mail_outage_lane", "lane", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_mail_outage_opened_at", "opened_at"),
    )

    id: Mapped[Key]
    lane: Mapped[str]
    cause: Mapped[str]
    words: Mapped[str]
    refusal_key: Mapped[str]
    readers: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime]
    probe_at: Mapped[datetime]
    probes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    closed_at: Mapped[datetime | None]
