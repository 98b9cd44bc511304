"""Staff members, their credentials and sessions, the audit log."""

from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    once,
    refused,
)

OF_A_MEMBER = [Reference("staff_id", "staff_member")]


def credential(rows: Rows) -> bytes:
    return f"credential {rows.number()}".encode()


STAFF_MEMBER = Table(
    "staff_member",
    row={"email": fresh("fay@example.org"), "role": "finance", "fs_uniquifier": fresh("fs")},
    defaults={"name": "", "active": True, "created_at": Default.transaction_time},
    optional=[
        "password",
        "fs_webauthn_user_handle",
        "tf_primary_method",
        "tf_totp_secret",
        "tf_totp_counter",
        "mf_recovery_codes",
        "signed_in_at",
    ],
    refused=refused("ck_staff_member_role", *each("role", ["owner", "", "Admin"])),
    accepted=each("role", ["viewer", "finance", "admin"]),
    unique=[
        Unique(
            "uq_staff_member_lower_email",
            {"email": "fay@example.org"},
            again=[{"email": "Fay@Example.ORG"}],
            apart=[{"email": "ada@example.org"}],
        ),
        Unique(
            "uq_staff_member_fs_uniquifier",
            {"fs_uniquifier": "one"},
            apart=[{"fs_uniquifier": "other"}],
        ),
        Unique(
            "uq_staff_member_fs_webauthn_user_handle",
            {"fs_webauthn_user_handle": "one"},
            apart=[{"fs_webauthn_user_handle": "other"}],
        ),
    ],
)

STAFF_PASSKEY = Table(
    "staff_passkey",
    row={
        "staff_id": key_of("staff_member"),
        "credential_id": credential,
        "public_key": b"key",
        "backup_state": False,
        "device_type": "single_device",
        "name": "Laptop",
        "usage": "first",
    },
    defaults={
        "sign_count": 0,
        "create_datetime": Default.transaction_time,
        "lastuse_datetime": Default.transaction_time,
    },
    optional=["transports", "extensions"],
    unique=[
        Unique(
            "uq_staff_passkey_credential_id",
            {"credential_id": b"one"},
            apart=[{"credential_id": b"other"}],
        ),
        Unique(
            "uq_staff_passkey_name",
            {"staff_id": once(key_of("staff_member")), "name": "Laptop"},
            apart=[{"name": "Phone"}, {"staff_id": key_of("staff_member")}],
        ),
    ],
    references=OF_A_MEMBER,
)

STAFF_LINK = Table(
    "staff_link",
    row={
        "staff_id": key_of("staff_member"),
        "digest": fresh("digest"),
        "made_by": "Ada",
        "expires_at": NOON,
    },
    defaults={"created_at": Default.transaction_time},
    optional=["used_at"],
    unique=[Unique("uq_staff_link_digest", {"digest": "one"}, apart=[{"digest": "other"}])],
    references=OF_A_MEMBER,
)

STAFF_SESSION = Table(
    "staff_session",
    row={
        "staff_id": key_of("staff_member"),
        "digest": fresh("digest"),
        "method": "passkey",
        "expires_at": NOON,
    },
    defaults={
        "browser": "",
        "address": "",
        "created_at": Default.transaction_time,
        "seen_at": Default.transaction_time,
    },
    optional=["ended_at"],
    unique=[Unique("uq_staff_session_digest", {"digest": "one"}, apart=[{"digest": "other"}])],
    references=OF_A_MEMBER,
)

AUDIT_ENTRY = Table(
    "audit_entry",
    row={
        "actor": "fay@example.org",
        "action": "donation.refunded",
        "subject_kind": "donation",
        "subject_key": "don_1",
    },
    defaults={"at": Default.statement_time, "before": {}, "after": {}},
    optional=["staff_id", "campaign_id"],
    refused=refused(
        "ck_audit_entry_action",
        *each(
            "action",
            ["", "donation", ".refunded", "donation.", "a.b.c", "Donation.refunded"],
        ),
        *each("action", ["donation.Refunded", " donation.refunded", "donation.refunded now"]),
        *each("action", ["donation-refunded", "donation2.refunded"]),
    ),
    accepted=each("action", ["a.b", "api_token.revoked_by_staff", "_._"]),
    references=[Reference("staff_id", "staff_member"), Reference("campaign_id", "campaign")],
)

KEPT_VALUE = Table(
    "kept_value",
    row={
        "staff_id": key_of("staff_member"),
        "name": "form",
        "digest": fresh("digest"),
        "sealed": b"sealed",
        "expires_at": NOON,
    },
    unique=[Unique("uq_kept_value_digest", {"digest": "a"}, apart=[{"digest": "b"}])],
    references=[Reference("staff_id", "staff_member")],
)

TABLES = [KEPT_VALUE, STAFF_MEMBER, STAFF_PASSKEY, STAFF_LINK, STAFF_SESSION, AUDIT_ENTRY]
