"""The only way into the outbox. Queue an email in the same transaction as the event it is about.

(kind, subject_key) is unique, so an email that is queued twice, even concurrently, is one row. `mailer.outbox` takes
over from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, exists, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from campaign.mailer.kinds import EmailKind
from campaign.models import OutboxMessage

SAME_REQUEST = timedelta(seconds=30)
"""The same form submitted again within this time is the same request."""


@dataclass(frozen=True, kw_only=True)
class NewEmail:
    """One email to one person about one thing, which `subject_key` identifies within its kind.

    The ids refer to the rows it is about; `details` holds data that is in no other row. `asked_at` is when it was
    requested and becomes due; None means the time of the transaction. It is never sent after `expires_at`.
    """

    kind: EmailKind
    subject_key: str
    recipient: str
    name: str = ""
    locale: str = "en"
    receipt_id: int | None = None
    subscription_id: int | None = None
    donor_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    asked_at: datetime | None = None
    expires_at: datetime | None = None


def queue_email(session: Session, email: NewEmail, mail_domain: str) -> bool:
    """Queue `email` unless one with its kind and subject key exists; return whether it is new."""
    columns = dict(vars(email))
    asked_at = columns.pop("asked_at") or func.now()
    row = (
        insert(OutboxMessage)
        .values(
            **columns,
            bulk=email.kind.is_bulk,
            message_id=new_message_id(email.kind, mail_domain),
            created_at=asked_at,
            next_attempt_at=asked_at,
        )
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
        .returning(OutboxMessage.id)
    )
    return session.scalar(row) is not None


def queue_from_select(
    session: Session, kind: EmailKind, emails: Select[Any], mail_domain: str
) -> int:
    """Queue an email of `kind` for each row of `emails` (see `insert_from_select`); return how many are new."""
    queued = insert_from_select(kind, emails, mail_domain).returning(OutboxMessage.id).cte("queued")
    return session.scalars(select(func.count()).select_from(queued)).one()


def insert_from_select(kind: EmailKind, emails: Select[Any], mail_domain: str) -> Insert:
    """Return the statement that queues an email of `kind` for each row of `emails` and skips what is already queued.

    Each column of `emails` is named like the outbox column it goes to; `subject_key` and `recipient` are required.
    Besides (kind, subject_key), the pair of schedule step and recipient is unique.
    """
    rows = emails.add_columns(
        literal(kind.value).label("kind"),
        literal(kind.is_bulk).label("bulk"),
        new_message_id(kind, mail_domain).label("message_id"),
    )
    names = rows.selected_columns.keys()
    return insert(OutboxMessage).from_select(names, rows).on_conflict_do_nothing()


def new_message_id(kind: EmailKind, mail_domain: str) -> ColumnElement[str]:
    """Return a new Message-ID that cannot be guessed and does not identify the recipient. A row keeps its first one."""
    name = kind.replace("_", "-")
    return func.concat(
        literal(f"<{name}-"), func.gen_random_uuid(), literal(f"@{mail_domain}>"), type_=Text()
    )


def queued_just_now(
    session: Session,
    kind: EmailKind,
    recipient: str,
    details: Mapping[str, str],
    at: datetime,
    *,
    donor_id: int | None = None,
) -> bool:
    """Return whether the same email was queued within SAME_REQUEST before `at`.

    The caller must hold a lock on the recipient; otherwise two concurrent requests could both get False.
    """
    same = exists().where(
        OutboxMessage.kind == kind,
        func.lower(OutboxMessage.recipient) == recipient.lower(),
        OutboxMessage.donor_id.is_not_distinct_from(donor_id),
        OutboxMessage.details == details,
        OutboxMessage.created_at > at - SAME_REQUEST,
    )
    return bool(session.scalar(select(same)))
