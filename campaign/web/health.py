"""Liveness and readiness of this process, and metrics for Prometheus."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, jsonify, make_response, request
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
from campaign.web.inside import is_inside

blueprint = Blueprint("health", __name__)

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/healthz")
def alive() -> Response:
    """Report that the process is running."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Return 200 if the database answers and is migrated, otherwise 503 with the reason.

    For those who may read the metrics, the response also lists the scheduled jobs, without their errors. They do not
    affect the status, because this process serves without them.
    """
    report: dict[str, Any] = {"status": "ok", "database": "ok", "migrations": "ok"}
    try:
        with installation().engine.connect() as connection:
            current = is_current(connection)
        if not current:
            return jsonify(status="unavailable", migrations="run campaign db upgrade"), 503
        with installation().sessions() as session:
            jobs = job_statuses(session, clock.now())
    except SQLAlchemyError:
        return jsonify(status="unavailable", database="out of reach"), 503
    if is_inside():
        report["jobs"] = {one.job: _job(one) for one in jobs}
        report["overdue"] = [one.job for one in jobs if one.overdue]
    return jsonify(report), 200


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
    """Return queue lengths, items that need attention, job status and amounts raised, for Prometheus.

    For this machine and bearers of METRICS_TOKEN only; for others there is no such page.
    """
    if not is_inside():
        _refuse()
    registry = CollectorRegistry()
    with installation().sessions() as session:
        registry.register(_Rows(session))
        body = generate_latest(registry)
    response = Response(body, content_type=_TEXT)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refuse() -> NoReturn:
    """Answer 404, or 401 to a collector whose token is wrong, so that its owner finds the mistake."""
    if "Authorization" not in request.headers:
        abort(404)
    response = make_response("METRICS_TOKEN is another one, or not set.\n", 401)
    response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    abort(response)


class _Rows(Collector):
    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge per count; amounts in minor units, instants in seconds since 1970."""
        yield from _queues(self._session)
        yield from _money(self._session)
        yield from _jobs(job_statuses(self._session, clock.now()))


def _queues(session: Session) -> Iterator[Metric]:
    """Yield the counts of incoming events, outgoing email and outgoing webhooks."""
    yield _gauge(
        "campaign_inbox_events",
        "Stripe events by state",
        ["state"],
        campaign_metrics.count_events(session),
    )
    yield _gauge(
        "campaign_outbox_messages",
        "Email by state",
        ["state"],
        campaign_metrics.count_messages(session),
    )
    yield _gauge(
        "campaign_outbox_stuck_messages",
        "Email that is more than an hour overdue, or was claimed by a worker that died, by kind",
        ["kind"],
        campaign_metrics.count_stuck_messages(session),
    )
    yield _gauge(
        "campaign_outbox_failed_messages",
        "Undelivered email, by kind",
        ["kind"],
        campaign_metrics.count_failed_messages(session),
    )
    yield _gauge(
        "campaign_mail_stopped",
        "1 if the mail server refuses everybody: bulk (campaign emails) or single (receipts and others)",
        ["lane"],
        campaign_metrics.stopped_lanes(session),
    )
    yield _gauge(
        "campaign_webhook_deliveries",
        "Outgoing webhooks by state; failed ones are no longer retried",
        ["state"],
        count_deliveries(session),
    )


def _money(session: Session) -> Iterator[Metric]:
    """Yield the counts of disputes, warnings and refunds, and the amounts raised."""
    yield _gauge(
        "campaign_disputes",
        "Disputes and inquiries by Stripe's status",
        ["status"],
        campaign_metrics.count_disputes(session),
    )
    yield _gauge(
        "campaign_fraud_warnings",
        "Early fraud warnings; actionable if a refund can still prevent a dispute",
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
        "Refunds and disputes without a known donation",
        value=campaign_metrics.count_unmatched(session),
    )
    yield _gauge(
        "campaign_raised_minor_units",
        "Amount raised, in minor units",
        ["campaign", "currency"],
        campaign_metrics.sums_raised(session),
    )


def _jobs(jobs: Iterable[JobStatus]) -> Iterator[Metric]:
    """Yield each job's last success and whether it is overdue; a job that never succeeded has no time."""
    jobs = list(jobs)
    yield _gauge(
        "campaign_job_last_success_timestamp_seconds",
        "When the job last succeeded",
        ["job"],
        {one.job: one.last_success.timestamp() for one in jobs if one.last_success},
    )
    yield _gauge(
        "campaign_job_overdue",
        "1 if the job is overdue",
        ["job"],
        {one.job: int(one.overdue) for one in jobs},
    )


def _gauge(
    name: str,
    description: str,
    labels: Sequence[str],
    values: Mapping[str, float] | Mapping[tuple[str, str], float],
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, description, labels=labels)
    for label, value in values.items():
        gauge.add_metric([label] if isinstance(label, str) else label, value)
    return gauge
