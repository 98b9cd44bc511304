"""How subscribers give, their search vector, and indexes for the lists of suppressions and of dropped emails.

Locks: the search vector rewrites `subscriber`, one to two minutes for a million rows, during which consents and imports
wait. The indexes block writes to `suppression` and `outbox_message` while they are built, seconds for millions of rows.
Processes of the previous version keep running: they do not name the new columns, which the database fills in.
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE subscriber ADD COLUMN giving text NOT NULL DEFAULT 'never'
    CONSTRAINT ck_subscriber_giving CHECK (giving IN ('monthly', 'recent', 'lapsed', 'never'));
ALTER TABLE subscriber ADD COLUMN words tsvector
    GENERATED ALWAYS AS (search_words(name || ' ' || email)) STORED;
CREATE INDEX ix_subscriber_words ON subscriber USING gin (words);
CREATE INDEX ix_subscriber_giving ON subscriber (giving, id);
CREATE INDEX ix_subscriber_gave ON subscriber (id) WHERE giving <> 'never';
CREATE INDEX ix_suppression_reason ON suppression (reason, id);
CREATE INDEX ix_outbox_message_dropped ON outbox_message (id) WHERE state = 'dropped';
"""

DOWN = """
DROP INDEX ix_outbox_message_dropped;
DROP INDEX ix_suppression_reason;
ALTER TABLE subscriber DROP COLUMN words;
ALTER TABLE subscriber DROP COLUMN giving;
"""


def upgrade() -> None:
    """See above."""
    op.execute(UP)


def downgrade() -> None:
    """Staff pages of this version no longer find subscribers."""
    op.execute(DOWN)
