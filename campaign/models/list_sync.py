"""Subscribers at list services (Mailchimp, Brevo, listmonk), as the sync last saw them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, Key, one_of


class ListServiceName(StrEnum):
    """A service that keeps a list of subscribers."""

    mailchimp = "mailchimp"
    brevo = "brevo"
    listmonk = "listmonk"


class ListMember(Base):
    """One address, in lower case, at one service.

    `pushed_at`: when we added it there, with `tags`. `left_at`: when we saw that the person had left there; they are
    never added again. `refused_at`: when the service refused the address. `erase`: the person was erased here, and the
    next run deletes them there, then this row.
    """

    __tablename__ = "list_member"
    __table_args__ = (
        UniqueConstraint("service", "email"),
        CheckConstraint(one_of("service", ListServiceName), name="service"),
        CheckConstraint("email = lower(email) AND email <> ''", name="email"),
        Index("ix_list_member_email", "email"),
        Index("ix_list_member_erase", "service", postgresql_where=text("erase")),
    )

    id: Mapped[Key]
    service: Mapped[str]
    email: Mapped[str]
    remote_id: Mapped[str] = mapped_column(server_default=text("''"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    pushed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    erase: Mapped[bool] = mapped_column(server_default=text("false"))


class ListSyncState(Base):
    """How far the sync with a service is: departures before `pulled_at` are known; it waits until `not_before`."""

    __tablename__ = "list_sync_state"
    __table_args__ = (CheckConstraint(one_of("service", ListServiceName), name="service"),)

    service: Mapped[str] = mapped_column(primary_key=True)
    pulled_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
