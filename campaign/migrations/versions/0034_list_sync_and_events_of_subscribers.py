"""Subscribers at list services, and webhook deliveries about subscribers.

Locks: subscriber, suppression and webhook_delivery, briefly. Processes of the previous version keep running: they
would send a delivery about a subscriber without its data, so add endpoints with the new events after the upgrade.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

SERVICES = "service IN ('mailchimp', 'brevo', 'listmonk')"

# Where no endpoint asked for the event, each is one look at a small table. An address that is suppressed for all
# campaigns has not consented, whatever list it is on.
REPORTS = """
CREATE FUNCTION report_subscriber(kind text, key text, facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, facts)
        SELECT webhook_endpoint.id, report_subscriber.kind, key, report_subscriber.facts
        FROM webhook_endpoint
        WHERE disabled_at IS NULL AND report_subscriber.kind = ANY (events) ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION report_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM suppression WHERE email = lower(NEW.email) AND campaign_id IS NULL) THEN
        PERFORM report_subscriber('subscriber.consented',
            NEW.id || ':' || extract(epoch FROM NEW.consent_at),
            jsonb_build_object('email', NEW.email, 'name', NEW.name, 'locale', NEW.locale,
                'consent_source', NEW.consent_source, 'consent_at', NEW.consent_at));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER report_consent AFTER INSERT ON subscriber
    FOR EACH ROW EXECUTE FUNCTION report_consent();
CREATE TRIGGER report_renewed_consent AFTER UPDATE OF consent_at ON subscriber
    FOR EACH ROW WHEN (NEW.consent_at <> OLD.consent_at) EXECUTE FUNCTION report_consent();

CREATE FUNCTION report_suppression() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report_subscriber(
        CASE NEW.reason WHEN 'unsubscribed' THEN 'subscriber.unsubscribed' ELSE 'subscriber.suppressed' END,
        NEW.id::text,
        jsonb_build_object('email', NEW.email, 'reason', NEW.reason,
            'campaign', (SELECT slug FROM campaign WHERE campaign.id = NEW.campaign_id)));
    RETURN NULL;
END $$;
CREATE TRIGGER report_suppression AFTER INSERT ON suppression
    FOR EACH ROW EXECUTE FUNCTION report_suppression();

CREATE FUNCTION report_lifted_suppression() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report_subscriber('subscriber.consented', subscriber.id || ':lifted:' || OLD.id,
            jsonb_build_object('email', subscriber.email, 'name', subscriber.name, 'locale', subscriber.locale,
                'consent_source', subscriber.consent_source, 'consent_at', subscriber.consent_at))
        FROM subscriber WHERE lower(subscriber.email) = OLD.email;
    RETURN NULL;
END $$;
CREATE TRIGGER report_lifted_suppression AFTER DELETE ON suppression
    FOR EACH ROW WHEN (OLD.campaign_id IS NULL) EXECUTE FUNCTION report_lifted_suppression();
"""


def upgrade() -> None:
    """See above."""
    op.create_table(
        "list_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tags", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erase", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(SERVICES, name=op.f("ck_list_member_service")),
        sa.CheckConstraint(
            "email = lower(email) AND email <> ''", name=op.f("ck_list_member_email")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_member")),
        sa.UniqueConstraint("service", "email", name=op.f("uq_list_member_service_email")),
    )
    op.create_index("ix_list_member_email", "list_member", ["email"])
    op.create_index(
        "ix_list_member_erase", "list_member", ["service"], postgresql_where=sa.text("erase")
    )
    op.create_table(
        "list_sync_state",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(SERVICES, name=op.f("ck_list_sync_state_service")),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_list_sync_state")),
    )
    op.add_column("webhook_delivery", sa.Column("facts", JSONB(), nullable=True))
    op.create_index(
        "ix_webhook_delivery_facts_email",
        "webhook_delivery",
        [sa.text("lower(facts ->> 'email')")],
        postgresql_where=sa.text("facts IS NOT NULL"),
    )
    op.execute(REPORTS)


def downgrade() -> None:
    """Who left at a list service stays suppressed; deliveries about subscribers are gone."""
    op.execute(
        "DROP FUNCTION report_consent, report_suppression, report_lifted_suppression, report_subscriber CASCADE"
    )
    op.execute("DELETE FROM webhook_delivery WHERE facts IS NOT NULL")
    op.drop_index("ix_webhook_delivery_facts_email", "webhook_delivery")
    op.drop_column("webhook_delivery", "facts")
    op.drop_table("list_sync_state")
    op.drop_table("list_member")
