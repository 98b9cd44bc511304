"""Liveness, readiness and metrics."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, text

from campaign.audit.heartbeats import JOBS, fail
from campaign.core.clock import now
from campaign.models import Campaign, MailOutage, OutboxMessage, PaymentLookup
from campaign.runtime.context import Installation
from campaign.runtime.job_heartbeat import heartbeat
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def age(installation: Installation, campaign: Campaign) -> None:
    """Backdate the campaign, so that every job is expected to have run."""
    with installation.sessions.begin() as session:
        made = session.get_one(Campaign, campaign.id)
        made.created_at = made.starts_at = now() - timedelta(days=9)


def test_ready_shows_the_status_of_each_job(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    age(installation, campaign)
    before = now()
    with heartbeat(installation, "sweep-inbox"):
        pass
    answer = client.get("/readyz")
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["status"], body["database"], body["migrations"]) == ("ok", "ok", "ok")
    assert set(body["jobs"]) == set(JOBS)
    inbox = body["jobs"]["sweep-inbox"]
    assert (inbox["overdue"], inbox["overdue_after_seconds"]) == (False, 120)
    assert datetime.fromisoformat(inbox["last_success"]) >= before.replace(microsecond=0)
    assert inbox["unfinished_since"] is None
    assert body["jobs"]["finalize"]["last_success"] is None


def test_overdue_jobs_are_listed_and_do_not_affect_readiness(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    age(installation, campaign)
    with heartbeat(installation, "finalize"):
        pass
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.get_json()["overdue"]) == set(JOBS) - {"finalize"}


def test_a_job_error_is_not_public(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        fail(session, "finalize", "OSError: ana@example.org", now())
    answer = client.get("/readyz")
    assert answer.get_json()["jobs"]["finalize"]["last_failure"] is not None
    assert "ana" not in answer.text


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        (
            "UPDATE alembic_version SET version_num = '0001'",
            {"migrations": "run campaign db upgrade"},
        ),
        ("DROP TABLE heartbeat", {"database": "out of reach"}),
    ],
)
def test_a_database_that_cannot_serve_is_503(
    client: FlaskClient, installation: Installation, statement: str, shown: dict[str, str]
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text(statement))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "unavailable", **shown}
    assert client.get("/healthz").status_code == 200


def test_queues_and_amounts_raised_are_counted(client: FlaskClient, paid: Facts) -> None:
    found = samples(client)
    assert found["campaign_inbox_events", (("state", "done"),)] == 1
    assert found["campaign_outbox_messages", (("state", "queued"),)] == 1
    labels = (("campaign", "nine-days"), ("currency", "usd"))
    assert found["campaign_raised_minor_units", labels] == 2500


def test_stuck_and_failed_emails_are_counted_by_kind(
    client: FlaskClient, installation: Installation, paid: Facts
) -> None:
    stuck = ("campaign_outbox_stuck_messages", (("kind", "receipt"),))
    failed = ("campaign_outbox_failed_messages", (("kind", "receipt"),))
    found = samples(client)
    assert stuck not in found
    assert failed not in found
    with installation.sessions.begin() as session:
        row = session.scalars(select(OutboxMessage)).one()
        row.next_attempt_at = now() - timedelta(hours=2)
    assert samples(client)[stuck] == 1
    with installation.sessions.begin() as session:
        session.scalars(select(OutboxMessage)).one().state = "failed"
    found = samples(client)
    assert found[failed] == 1
    assert stuck not in found


def test_a_lane_of_email_that_is_stopped_is_shown(
    client: FlaskClient, installation: Installation
) -> None:
    bulk, single = (("campaign_mail_stopped", (("lane", lane),)) for lane in ("bulk", "single"))
    assert (samples(client)[bulk], samples(client)[single]) == (0, 0)
    with installation.sessions.begin() as session:
        session.add(
            MailOutage(
                lane="bulk",
                cause="relay",
                words="550",
                refusal_key="relay",
                readers=3,
                opened_at=now(),
                probe_at=now(),
            )
        )
    assert (samples(client)[bulk], samples(client)[single]) == (1, 0)


def test_jobs_have_their_last_success_and_overdue_flag(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    age(installation, campaign)
    with heartbeat(installation, "finalize"):
        pass
    found = samples(client)
    shown = found["campaign_job_last_success_timestamp_seconds", (("job", "finalize"),)]
    assert shown == pytest.approx(now().timestamp(), abs=60)
    assert found["campaign_job_overdue", (("job", "finalize"),)] == 0
    assert found["campaign_job_overdue", (("job", "sweep-inbox"),)] == 1
    never = ("campaign_job_last_success_timestamp_seconds", (("job", "sweep-inbox"),))
    assert never not in found


def test_items_that_need_attention_are_counted(
    client: FlaskClient,
    installation: Installation,
    paid: Facts,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    unknown = give()
    store(
        paid.disputed("created", "warning_needs_response"),
        paid.fraud_warned(),
        paid.refunded("a", 500),
        unknown.refunded("b", 1000),
        unknown.fraud_warned(),
    )
    apply_due_events(installation)
    found = samples(client)
    assert found["campaign_disputes", (("status", "warning_needs_response"),)] == 1
    assert found["campaign_fraud_warnings", (("actionable", "true"),)] == 1
    assert found["campaign_fraud_warnings", (("actionable", "false"),)] == 1
    assert found["campaign_refunds", (("state", "succeeded"),)] == 2
    assert found["campaign_unmatched_refunds_disputes", ()] == 2
    with installation.sessions.begin() as session:
        session.add(PaymentLookup(payment_intent_id=f"pi_{unknown.number}", ours=False))
    assert samples(client)["campaign_unmatched_refunds_disputes", ()] == 0


def test_an_empty_installation_reports_zeros(client: FlaskClient) -> None:
    found = samples(client)
    assert found["campaign_unmatched_refunds_disputes", ()] == 0
    assert found["campaign_fraud_warnings", (("actionable", "true"),)] == 0
    assert {value for (name, _), value in found.items() if name == "campaign_job_overdue"} == {0}
