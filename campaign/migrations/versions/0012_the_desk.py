"""Notes, merges, what staff have looked at, and searching donations and donors.

Locks: donation and donor, while each is written anew with the words it is found by, and its indexes are built: about
two minutes for a million donations. Stop web and workers for it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


# What is written into a search is folded by the same function. No extension is needed, and no dictionary: names.
SEARCH = """
CREATE FUNCTION search_words(texts text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple'::regconfig, translate(translate(lower(texts),
        'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžșț',
        'aaaaaaaceeeeiiiidnoooooouuuuytyaaaccccddeeeeegggghhiiiiijklllllnnnnoooorrrsssstttuuuuuuwyzzzst'),
        '.@+-_''’`",;:/\\()[]{}<>&#!?*=|~%^$', '                                 '))
$$;
ALTER TABLE donation ADD COLUMN words tsvector GENERATED ALWAYS AS (search_words(name || ' ' || email)) STORED;
ALTER TABLE donor ADD COLUMN words tsvector
    GENERATED ALWAYS AS (search_words(name || ' ' || email || ' ' || address)) STORED;
"""

# A row that speaks for others is not itself merged. Whoever points to it waits for who is changing it.
MERGES = """
CREATE FUNCTION guard_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM donor WHERE id = NEW.merged_into_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM donor WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)
        OR EXISTS (SELECT FROM donor WHERE merged_into_id = NEW.id) THEN
        RAISE EXCEPTION 'A merged donor cannot speak for another.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_merge BEFORE INSERT OR UPDATE OF merged_into_id ON donor
    FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION guard_merge();
"""


def upgrade() -> None:
    op.create_table(
        "review_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column(
            "marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_mark")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_review_mark_kind_key")),
    )
    op.create_table(
        "donor_merge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "carried",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column(
            "merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_donor_merge_undone")
        ),
        sa.CheckConstraint("kept_id <> merged_id", name=op.f("ck_donor_merge_two")),
        sa.ForeignKeyConstraint(
            ["kept_id"], ["donor.id"], name=op.f("fk_donor_merge_kept_id_donor")
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["donor.id"], name=op.f("fk_donor_merge_merged_id_donor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor_merge")),
    )
    op.create_index(op.f("ix_donor_merge_kept_id"), "donor_merge", ["kept_id"], unique=False)
    op.create_index(
        "uq_donor_merge_standing",
        "donor_merge",
        ["merged_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=True),
        sa.Column("donation_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_note_text")),
        sa.CheckConstraint(
            "(donor_id IS NULL) <> (donation_id IS NULL)", name=op.f("ck_note_about")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_note_donation_id_donation")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_note_donor_id_donor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_donation_id"), "note", ["donation_id"], unique=False)
    op.create_index(op.f("ix_note_donor_id"), "note", ["donor_id"], unique=False)
    op.add_column("donor", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_donor_merged_into_id",
        "donor",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_donor_merged_into_id_donor"), "donor", "donor", ["merged_into_id"], ["id"]
    )
    op.create_check_constraint(op.f("ck_donor_merged_into_id"), "donor", "merged_into_id <> id")
    op.execute(MERGES)
    op.add_column("donor", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_donor_erased"),
        "donor",
        "erased_at IS NULL OR (email = '' AND name = '' AND address = '')",
    )
    _make_searchable()


def _make_searchable() -> None:
    op.execute(SEARCH)
    op.create_index("ix_donation_words", "donation", ["words"], postgresql_using="gin")
    op.create_index("ix_donor_words", "donor", ["words"], postgresql_using="gin")
    op.create_index("ix_donation_created_at", "donation", ["created_at", "id"])
    op.create_index("ix_donation_amount", "donation", ["amount", "created_at"])
    op.create_index(
        "ix_donation_code",
        "donation",
        ["code", "created_at"],
        postgresql_where=sa.text("code <> ''"),
    )
    op.create_index(
        "ix_donation_unpaid",
        "donation",
        ["state", "created_at"],
        postgresql_where=sa.text("state <> 'paid'"),
    )
    op.create_index(
        "ix_outbox_message_step_id",
        "outbox_message",
        ["step_id", "state", "id"],
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_message_donor_id",
        "outbox_message",
        ["donor_id"],
        postgresql_where=sa.text("donor_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_message_step_id", table_name="outbox_message")
    op.drop_index("ix_outbox_message_donor_id", table_name="outbox_message")
    for name in ("unpaid", "code", "amount", "created_at", "words"):
        op.drop_index(f"ix_donation_{name}", table_name="donation")
    op.drop_index("ix_donor_words", table_name="donor")
    op.drop_column("donation", "words")
    op.drop_column("donor", "words")
    op.execute("DROP FUNCTION search_words")
    op.drop_constraint(op.f("ck_donor_erased"), "donor", type_="check")
    op.drop_column("donor", "erased_at")
    op.execute("DROP FUNCTION guard_merge CASCADE")
    op.drop_constraint(op.f("ck_donor_merged_into_id"), "donor", type_="check")
    op.drop_constraint(op.f("fk_donor_merged_into_id_donor"), "donor", type_="foreignkey")
    op.drop_index(
        "ix_donor_merged_into_id",
        table_name="donor",
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.drop_column("donor", "merged_into_id")
    op.drop_index(op.f("ix_note_donor_id"), table_name="note")
    op.drop_index(op.f("ix_note_donation_id"), table_name="note")
    op.drop_table("note")
    op.drop_index(
        "uq_donor_merge_standing",
        table_name="donor_merge",
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.drop_index(op.f("ix_donor_merge_kept_id"), table_name="donor_merge")
    op.drop_table("donor_merge")
    op.drop_table("review_mark")
