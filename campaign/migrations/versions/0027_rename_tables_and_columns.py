"""Rename tables, columns, states and kinds to the field's words: no row is added, dropped or counted anew.

Stop web, workers and the scheduler while it runs: code of 0.1.0 does not know the new names (docs/upgrading.md).
Locks: each renamed table exclusively, for as long as the whole migration; ledger_entry, donation, outbox_message and
audit_entry are read once, and their rows that hold an old kind, state or action are written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = {
    "house": "branding",
    "posted_appeal": "direct_mail_piece",
    "review_mark": "acknowledgment",
    "stripe_call": "stripe_request",
}

# By the table's new name.
COLUMNS = [
    ("campaign", "fund", "designation"),
    ("campaign_donor", "standing", "remaining_gifts"),
    ("campaign_step", "anchor", "basis"),
    ("dispute", "movements", "balance_transactions"),
    ("donation", "cover", "fee_cover"),
    ("ledger_entry", "cover", "fee_cover"),
    ("offline_gift", "bounced_on", "reversed_on"),
    ("offline_gift", "described", "description"),
    ("offline_gift", "taken_back", "reversal_reason"),
    ("receipt", "posted_at", "mailed_at"),
    ("reconciliation_run", "asked_by", "requested_by"),
    ("reconciliation_run", "differences", "discrepancies"),
    ("reconciliation_run", "differing", "discrepancy_count"),
    ("reconciliation_run", "mended", "repaired"),
    ("acknowledgment", "marked_at", "acknowledged_at"),
    ("acknowledgment", "marked_by", "acknowledged_by"),
    ("subscription", "cover", "fee_cover"),
    ("subscription", "mend_url", "payment_update_url"),
    ("tribute_card", "posted_at", "mailed_at"),
    ("tribute_card", "way", "delivery"),
]

CONSTRAINTS = [
    ("branding", "ck_branding_colours", "ck_branding_colors"),
    ("campaign", "ck_campaign_colours", "ck_campaign_colors"),
    ("campaign_step", "ck_campaign_step_anchor", "ck_campaign_step_basis"),
    ("donation", "ck_donation_cover", "ck_donation_fee_cover"),
    ("offline_gift", "ck_offline_gift_bounced_on", "ck_offline_gift_reversed_on"),
    ("offline_gift", "ck_offline_gift_taken_back", "ck_offline_gift_reversal_reason"),
    ("tribute_card", "ck_tribute_card_way", "ck_tribute_card_delivery"),
]

INDEXES = [
    ("ix_donor_lower_name_by_post", "ix_donor_lower_name_by_mail"),
    ("ix_tribute_card_unposted", "ix_tribute_card_unmailed"),
    ("uq_donor_merge_standing", "uq_donor_merge_current"),
]

FUNCTIONS = [
    ("donation", "tell_promises", "notify_pending_changed"),
    ("ledger_entry", "tell_of_money", "queue_donation_webhooks"),
    ("subscription", "tell_of_endings", "queue_subscription_webhooks"),
]

# (table, column, old, new); triggers do not fire, so nothing is counted or announced a second time.
VALUES = [
    ("ledger_entry", "kind", "payment_failed", "payment_reversed"),
    ("ledger_entry", "kind", "reinstatement", "dispute_reversed"),
    ("donation", "state", "lost", "dispute_lost"),
    ("heartbeat", "job", "match-returns", "match-evidence"),
    ("acknowledgment", "kind", "unplaced", "unmatched"),
    ("outbox_message", "kind", "own_page_link", "donor_page_link"),
    ("outbox_message", "kind", "own_page_note", "donor_page_note"),
    ("audit_entry", "subject_kind", "house", "branding"),
    *(
        ("audit_entry", "action", old, new)
        for old, new in (
            ("api_token.made", "api_token.created"),
            ("backup.made", "backup.created"),
            ("donor.asked_to_be_erased", "donor.erasure_requested"),
            ("donor.erasure_agreed", "donor.erasure_approved"),
            ("donor.stays", "donor.erasure_withdrawn"),
            ("donor.unmerged", "donor.merge_undone"),
            ("export.made", "export.created"),
            ("house.edited", "branding.edited"),
            ("ledger.mended", "ledger.repaired"),
            ("letters.printed", "receipts.printed"),
            ("posted_appeals.printed", "direct_mail.printed"),
            ("review.marked", "review.acknowledged"),
            ("review.unmarked", "review.acknowledgment_withdrawn"),
            ("staff_member.link_made", "staff_member.link_created"),
            ("staff_member.recovery_codes_made", "staff_member.recovery_codes_created"),
            ("webhook_delivery.repeated", "webhook_delivery.retried"),
        )
    ),
]

# (table, column, old key, new key): keys of objects in JSON.
KEYS = [
    ("outbox_message", "details", "by_post", "by_mail"),
    ("outbox_message", "details", "posted_at", "mailed_at"),
]

SETTLED = ["paid", "partially_refunded", "refunded", "disputed"]
UNPAID = ["pending", "declined", "expired", "processing", "failed"]

# Functions whose text names a renamed column or state, and what is replaced in it.
BODIES = [
    ("count_ledger_entry", r"\mstanding\M", "remaining_gifts"),
    ("require_donation_transition", "'lost'", "'dispute_lost'"),
]


def upgrade() -> None:
    """See above."""
    _drop_checks()
    for old, new in TABLES.items():
        _rename_table(old, new)
    for table, old, new in COLUMNS:
        op.alter_column(table, old, new_column_name=new)
    for table, old, new in CONSTRAINTS:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for old, new in INDEXES:
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    for table, old, new in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {old}() RENAME TO {new}")
        op.execute(f"ALTER TRIGGER {old} ON {table} RENAME TO {new}")
    for table, column, old, new in VALUES:
        _replace_value(table, column, old, new)
    for table, column, old, new in KEYS:
        _replace_key(table, column, old, new)
    _replace_run_keys("mended", "repaired")
    for name, old, new in BODIES:
        _replace_in_function(name, old, new)
    _replace_in_function(
        "guard_merge",
        "A merged donor cannot speak for another.",
        "A merged donor record cannot be the one that a merge keeps.",
    )
    _add_checks("fee_cover", "payment_reversed", "dispute_reversed", "dispute_lost")


def downgrade() -> None:
    """The old names."""
    _drop_checks()
    _replace_in_function(
        "guard_merge",
        "A merged donor record cannot be the one that a merge keeps.",
        "A merged donor cannot speak for another.",
    )
    _replace_in_function("count_ledger_entry", r"\mremaining_gifts\M", "standing")
    _replace_in_function("require_donation_transition", "'dispute_lost'", "'lost'")
    _replace_run_keys("repaired", "mended")
    for table, column, old, new in KEYS:
        _replace_key(table, column, new, old)
    for table, column, old, new in VALUES:
        _replace_value(table, column, new, old)
    for table, old, new in FUNCTIONS:
        op.execute(f"ALTER TRIGGER {new} ON {table} RENAME TO {old}")
        op.execute(f"ALTER FUNCTION {new}() RENAME TO {old}")
    for old, new in INDEXES:
        op.execute(f"ALTER INDEX {new} RENAME TO {old}")
    for table, old, new in CONSTRAINTS:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {new} TO {old}")
    for table, old, new in COLUMNS:
        op.alter_column(table, new, new_column_name=old)
    for old, new in TABLES.items():
        _rename_table(new, old)
    _add_checks("cover", "payment_failed", "reinstatement", "lost")


def _rename_table(old: str, new: str) -> None:
    """With its constraints, indexes and sequence, whose names begin with the table's, after a prefix or not."""
    op.rename_table(old, new)
    connection = op.get_bind()
    named = sa.text(
        "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname ~ :pattern"
    )
    pattern = f"^(pk|uq|ck|fk)_{old}(_|$)"
    for (name,) in connection.execute(named, {"table": new, "pattern": pattern}).all():
        op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {name} TO {name.replace(old, new, 1)}")
    related = sa.text(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND (relkind = 'i' AND relname ~ :index OR relkind = 'S' AND relname = :sequence)"
    )
    found = connection.execute(
        related, {"index": f"^(ix|uq)_{old}_", "sequence": f"{old}_id_seq"}
    ).all()
    for name, kind in found:
        what = "SEQUENCE" if kind in {"S", b"S"} else "INDEX"
        op.execute(f"ALTER {what} {name} RENAME TO {name.replace(old, new, 1)}")


def _replace_value(table: str, column: str, old: str, new: str) -> None:
    _quietly(table, f"UPDATE {table} SET {column} = '{new}' WHERE {column} = '{old}'")  # noqa: S608 - names from the tables above


def _replace_key(table: str, column: str, old: str, new: str) -> None:
    _quietly(
        table,
        f"UPDATE {table} SET {column} = {column} - '{old}'"  # noqa: S608 - names from the tables above
        f" || jsonb_build_object('{new}', {column} -> '{old}') WHERE jsonb_exists({column}, '{old}')",
    )


def _replace_run_keys(old: str, new: str) -> None:
    """In each object of the list that a reconciliation run holds."""
    op.execute(
        f"UPDATE reconciliation_run SET discrepancies = (SELECT jsonb_agg(one - '{old}'"  # noqa: S608 - two words from above
        f" || jsonb_build_object('{new}', one -> '{old}') ORDER BY place)"
        " FROM jsonb_array_elements(discrepancies) WITH ORDINALITY AS listed (one, place))"
        " WHERE jsonb_array_length(discrepancies) > 0"
    )


def _quietly(table: str, statement: str) -> None:
    """The append-only guard of the ledger and the audit log is meant for programs, not for this renaming."""
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    op.execute(statement)
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _replace_in_function(name: str, old: str, new: str) -> None:
    """Replace `old`, a regular expression of PostgreSQL, in the text of the function `name`."""
    connection = op.get_bind()
    text = sa.text("SELECT regexp_replace(pg_get_functiondef(to_regproc(:name)), :old, :new, 'g')")
    definition = connection.execute(text, {"name": name, "old": old, "new": new}).scalar_one()
    connection.exec_driver_sql(definition.replace("%", "%%"))


def _drop_checks() -> None:
    for table, name in (
        ("donation", "state"),
        ("donation", "paid"),
        ("ledger_entry", "kind"),
        ("ledger_entry", "out"),
        ("ledger_entry", "back"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")


def _add_checks(cover: str, payment_reversed: str, dispute_reversed: str, lost: str) -> None:
    settled = [*SETTLED, lost]
    kinds = ["payment", payment_reversed, "refund", "refund_failed", "dispute", dispute_reversed, "fee",
        "correction"]  # fmt: skip
    for table, name, rule in (
        ("donation", "state", f"state IN ({_listed([*UNPAID, *settled])})"),
        (
            "donation",
            "paid",
            f"state NOT IN ({_listed(settled)}) OR (paid_at IS NOT NULL AND charged_at IS NOT NULL)",
        ),
        ("ledger_entry", "kind", f"kind IN ({_listed(kinds)})"),
        (
            "ledger_entry",
            "out",
            f"kind NOT IN ({_listed([payment_reversed, 'refund', 'dispute'])}) OR (amount <= 0 AND {cover} <= 0)",
        ),
        (
            "ledger_entry",
            "back",
            f"kind NOT IN ({_listed(['refund_failed', dispute_reversed])}) OR (amount >= 0 AND {cover} >= 0)",
        ),
    ):
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def _listed(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
