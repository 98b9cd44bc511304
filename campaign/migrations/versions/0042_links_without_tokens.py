"""Emailed links without their tokens: the column holds a name, which opens nothing (docs/decisions/016).

A row from before gets the first 96 bits of its token's SHA-256 as its name, so that links that were sent still open.
Addresses of donors' pages in saved requests to Stripe and in stored events are removed.

Locks: `donation`, `receipt`, `subscription` and `outbox_message` are rewritten, about ten seconds for a million rows of
each. Processes of the previous version must be stopped: they would send links that nobody can open, so the constraints
refuse their rows.
"""

from alembic import op

revision = "0042"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLES = ("donation", "receipt", "subscription", "outbox_message")
LINK_NAME = "token ~ '^([0-9a-f]{20}|[0-9a-f]{24})$'"
NEW_NAME = "left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 20)"

HIDE = """
UPDATE {table} SET token = left(encode(sha256(convert_to(token, 'UTF8')), 'hex'), 24);
ALTER TABLE {table} ADD CONSTRAINT ck_{table}_token CHECK ({check});
"""

ADDRESSES = r"""
UPDATE stripe_request SET parameters = parameters || jsonb_strip_nulls(jsonb_build_object(
    'success_url', regexp_replace(parameters ->> 'success_url', '/donations/[A-Za-z0-9_-]+', '/donations/{LINK_TOKEN}'),
    'return_url',
    regexp_replace(parameters ->> 'return_url', '/subscriptions/[A-Za-z0-9_-]+', '/subscriptions/{LINK_TOKEN}')))
WHERE parameters ?| ARRAY['success_url', 'return_url'];
UPDATE inbox_event SET body = convert_to(regexp_replace(
    convert_from(body, 'UTF8'), '("(success|return)_url"\s*:\s*)"([^"\\]|\\.)*"', '\1null', 'g'), 'UTF8')
WHERE position('_url"'::bytea IN body) > 0 AND convert_from(body, 'UTF8') ~ '"(success|return)_url"\s*:\s*"';
"""


def upgrade() -> None:
    """See above."""
    for table in TABLES:
        for statement in HIDE.format(table=table, check=LINK_NAME).split(";\n"):
            if statement.strip():
                op.execute(statement)
    op.execute(f"ALTER TABLE outbox_message ALTER token SET DEFAULT {NEW_NAME}")
    op.execute(ADDRESSES)


def downgrade() -> None:
    """Links that were sent no longer open: their tokens are not here."""
    default = "translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_')"
    op.execute(f"ALTER TABLE outbox_message ALTER token SET DEFAULT {default}")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_token")
