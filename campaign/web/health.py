"""Whether this process lives and can serve, and figures for Prometheus."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.audit.heartbeats import JobStatus, job_statuses
from campaign.core import clock
from campaign.integrations.deliveries import count_deliveries
from campaign.migrations import is_current
from campaign.reporting import metrics as campaign_metrics
from campaign.web.context import installation

blueprint = Blueprint("health", __name__)

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers and is migrated; 503 with the reason otherwise.

    The scheduled jobs are told beside it and change nothing: this process serves without them. Their errors are not
    told, because anybody may ask.
    """
    try:
        with installation().engine.connect() as connection:
            current = is_current(connection)
        if not current:
            return jsonify(status="unavailable", migrations="run campaign db upgrade"), 503
        with installation().sessions() as session:
            jobs = job_statuses(session, clock.now())
    except SQLAlchemyError:
        return jsonify(status="unavailable", database="out of reach"), 503
    told = {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "jobs": {one.job: _job(one) for one in jobs},
        "overdue": [one.job for one in jobs if one.overdue],
    }
    return jsonify(told), 200


def _job(one: JobStatus) -> dict[str, Any]:
    return {
        "last_success": _instant(one.last_success),
        "last_failure": _instant(one.last_failure),
        "unfinished_since": _instant(one.unfinished_since),
        "overdue_after_seconds": int(one.limit.total_seconds()),
        "overdue": one.overdue,
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


@blueprint.get("/metrics")
def metrics() -> Response:
    """What stands in the queues, what staff must see, how the jobs run, what was raised."""
    registry = CollectorRegistry()
    with installation().sessions() as session:
        registry.register(_Rows(session))
        body = generate_latest(registry)
    return Response(body, content_type=_TEXT)


class _Rows(Collector):
    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """One gauge a count; amounts in minor units, instants in seconds since 1970."""
        yield from _queues(self._session)
        yield from _money(self._session)
        yield from _jobs(job_statuses(self._session, clock.now()))


def _queues(session: Session) -> Iterator[Metric]:
    """Events that came in, mail and webhooks that go out."""
    yield _gauge(
        "campaign_inbox_events",
        "Stripe events by state",
        ["state"],
        campaign_metrics.count_events(session),
    )
    yield _gauge(
        "campaign_outbox_messages",
        "Mail by state",
        ["state"],
        campaign_metrics.count_messages(session),
    )
    yield _gauge(
        "campaign_outbox_stuck_messages",
        "Mail that is due for more than an hour, or was left by a worker that died, by kind",
        ["kind"],
        campaign_metrics.count_stuck_messages(session),
    )
    yield _gauge(
        "campaign_outbox_failed_messages",
        "Mail that did not arrive, by kind",
        ["kind"],
        campaign_metrics.count_failed_messages(session),
    )
    yield _gauge(
        "campaign_webhook_deliveries",
        "Outgoing webhooks by state; failed ones were given up",
        ["state"],
        count_deliveries(session),
    )


def _money(session: Session) -> Iterator[Metric]:
    """What went back or may, and what was raised."""
    yield _gauge(
        "campaign_disputes",
        "Disputes and inquiries by Stripe's status",
        ["status"],
        campaign_metrics.count_disputes(session),
    )
    yield _gauge(
        "campaign_fraud_warnings",
        "Early fraud warnings; actionable while a refund still helps",
        ["actionable"],
        campaign_metrics.count_fraud_warnings(session),
    )
    yield _gauge(
        "campaign_refunds",
        "Refunds by state",
        ["state"],
        campaign_metrics.count_refunds(session),
    )
    yield GaugeMetricFamily(
        "campaign_unmatched_refunds_disputes",
        "Money that went back of payments nobody knows",
        value=campaign_metrics.count_unmatched(session),
    )
    yield _gauge(
        "campaign_raised_minor_units",
        "Raised, in minor units",
        ["campaign", "currency"],
        campaign_metrics.sums_raised(session),
    )


def _jobs(jobs: Iterable[JobStatus]) -> Iterator[Metric]:
    """A job that never ended well has no time; its silence is told all the same."""
    jobs = list(jobs)
    yield _gauge(
        "campaign_job_last_success_timestamp_seconds",
        "When the job last ended well",
        ["job"],
        {one.job: one.last_success.timestamp() for one in jobs if one.last_success},
    )
    yield _gauge(
        "campaign_job_overdue",
        "1 where the job was not heard of for too long",
        ["job"],
        {one.job: int(one.overdue) for one in jobs},
    )


def _gauge(
    name: str,
    words: str,
    labels: Sequence[str],
    values: Mapping[str, float] | Mapping[tuple[str, str], float],
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, words, labels=labels)
    for label, value in values.items():
        gauge.add_metric([label] if isinstance(label, str) else label, value)
    return gauge
