"""Staff members, their sign-in credentials and sessions, and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.models.base import Base, Key, one_of
from campaign.models.states import StaffRole


class StaffMember(Base):
    """A staff member, identified by email address ignoring case. Never deleted, only deactivated.

    `fs_uniquifier` identifies a sign-in that is waiting for its second factor; a new value cancels it. `password` is an
    Argon2 hash, or None if only links and passkeys are used. `tf_totp_secret` and `mf_recovery_codes` are encrypted
    with the installation's secret key; `tf_totp_counter` is the period of the last accepted code, so that no code is
    accepted twice.
    """

    __tablename__ = "staff_member"
    __table_args__ = (
        CheckConstraint(one_of("role", StaffRole), name="role"),
        Index("uq_staff_member_lower_email", text("lower(email)"), unique=True),
    )

    id: Mapped[Key]
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=text("''"))
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    password: Mapped[str | None]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(unique=True)
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    tf_totp_counter: Mapped[int | None]
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(ARRAY(Text)))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    signed_in_at: Mapped[datetime | None]

    passkeys: Mapped[list["StaffPasskey"]] = relationship(back_populates="staff_member")


class StaffPasskey(Base):
    """A staff member's passkey (WebAuthn credential), with the columns that Flask-Security reads."""

    __tablename__ = "staff_passkey"
    __table_args__ = (Index("uq_staff_passkey_name", "staff_id", "name", unique=True),)

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(server_default=text("0"))
    transports: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    backup_state: Mapped[bool]
    device_type: Mapped[str]
    extensions: Mapped[str | None]
    name: Mapped[str]
    usage: Mapped[str]
    create_datetime: Mapped[datetime] = mapped_column(server_default=func.now())
    lastuse_datetime: Mapped[datetime] = mapped_column(server_default=func.now())

    staff_member: Mapped["StaffMember"] = relationship(back_populates="passkeys")


class StaffLink(Base):
    """A one-time sign-in link. Only a digest of its secret is stored. It works once, before `expires_at`."""

    __tablename__ = "staff_link"

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    made_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """A signed-in browser, which its owner can see and revoke. `digest` is the digest of the cookie's secret."""

    __tablename__ = "staff_session"

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    method: Mapped[str]
    browser: Mapped[str] = mapped_column(server_default=text("''"))
    address: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class KeptValue(Base):
    """A value kept for one signed-in browser for minutes: recovery codes, a sign-in link, a form sent too late.

    `digest` is that of a token which only the browser has; `sealed` is encrypted with a key made of that token and
    SECRET_KEY, so neither the database nor the cookie alone reveals it.
    """

    __tablename__ = "kept_value"
    __table_args__ = (Index("ix_kept_value_expires_at", "expires_at"),)

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class AuditEntry(Base):
    """A staff action: who, when, on what, and the values before and after. Append-only by trigger.

    `actor` is a staff member's email address, or `command line: NAME` with no `staff_id`. `action` is `noun.verb`
    (`donation.refunded`); `subject_kind` and `subject_key` identify the object as in the URL of its page.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("action ~ '^[a-z_]+[.][a-z_]+$'", name="action"),
        Index("ix_audit_entry_subject", "subject_kind", "subject_key"),
        Index("ix_audit_entry_actor", "actor", "id"),
        Index("ix_audit_entry_action", "action", "id"),
        Index("ix_audit_entry_campaign_id", "campaign_id", "id"),
    )

    id: Mapped[Key]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_key: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    after: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
