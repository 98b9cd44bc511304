"""The only way into the outbox: an email is queued in the transaction that makes the fact it is about.

(kind, subject_key) is unique, so the same email queued twice is one row, also when two do it at once. From then on
`mailer.outbox` has it.
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
"""The same form sent again within this is the same request."""


@dataclass(frozen=True, kw_only=True)
class NewEmail:
    """One email to one person about one thing, which `subject_key` names among those of its kind.

    The ids say which rows it is about; `details` is what stands in no other row. `asked_at` is when it was asked for,
    and from when it is due: None is the transaction's moment. It is never sent after `expires_at`.
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
    """Queue `email`, unless its subject has one of its kind already; whether it is new."""
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
    """Queue an email of `kind` for each row of `emails`, as `insert_from_select` reads them; how many are new."""
    queued = insert_from_select(kind, emails, mail_domain).returning(OutboxMessage.id).cte("queued")
    return session.scalars(select(func.count()).select_from(queued)).one()


def insert_from_select(kind: EmailKind, emails: Select[Any], mail_domain: str) -> Insert:
    """The statement that queues an email of `kind` for each row of `emails`, and leaves out what is queued already.

    Each column of `emails` has the name of the outbox's column it goes to: `subject_key` and `recipient` at least.
    Beside (kind, subject_key), a step of the countdown and a recipient are unique.
    """
    rows = emails.add_columns(
        literal(kind.value).label("kind"),
        literal(kind.is_bulk).label("bulk"),
        new_message_id(kind, mail_domain).label("message_id"),
    )
    names = rows.selected_columns.keys()
    return insert(OutboxMessage).from_select(names, rows).on_conflict_do_nothing()


def new_message_id(kind: EmailKind, mail_domain: str) -> ColumnElement[str]:
    """A Message-ID that nobody can guess, and that tells nothing of the reader; a row keeps the one it began with."""
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
    """Whether the same email was queued within SAME_REQUEST before `at`.

    The caller holds a lock on the person it is for, or two requests at once could both be told that it was not.
    """
    same = exists().where(
        OutboxMessage.kind == kind,
        func.lower(OutboxMessage.recipient) == recipient.lower(),
        OutboxMessage.donor_id.is_not_distinct_from(donor_id),
        OutboxMessage.details == details,
        OutboxMessage.created_at > at - SAME_REQUEST,
    )
    return bool(session.scalar(select(same)))
