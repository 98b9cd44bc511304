"""Whether this process lives and can serve, and figures for Prometheus."""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.migrations import is_current
from campaign.models import Campaign, InboxEvent, OutboxMessage, ProgressShard
from campaign.views.context import installation

blueprint = Blueprint("health", __name__)

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers and is migrated; 503 with the reason otherwise."""
    try:
        with installation().engine.connect() as connection:
            current = is_current(connection)
    except SQLAlchemyError:
        return jsonify(status="unavailable", database="out of reach"), 503
    if not current:
        return jsonify(status="unavailable", migrations="run campaign db upgrade"), 503
    return jsonify(status="ok", database="ok", migrations="ok"), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counts of rows by state: the queues, what was given up, what was raised."""
    registry = CollectorRegistry()
    with installation().sessions() as session:
        registry.register(_Rows(session))
        body = generate_latest(registry)
    return Response(body, content_type=_TEXT)


class _Rows(Collector):
    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """One gauge a table; amounts in minor units."""
        yield self._by_state("campaign_inbox_events", "Stripe events by state", InboxEvent)
        yield self._by_state("campaign_outbox_messages", "Mail by state", OutboxMessage)
        raised = GaugeMetricFamily(
            "campaign_raised_minor_units", "Raised, in minor units", labels=["campaign", "currency"]
        )
        rows = self._session.execute(
            select(
                Campaign.slug, Campaign.currency, func.coalesce(func.sum(ProgressShard.raised), 0)
            )
            .outerjoin(ProgressShard, ProgressShard.campaign_id == Campaign.id)
            .group_by(Campaign.slug, Campaign.currency)
        )
        for slug, currency, amount in rows:
            raised.add_metric([slug, currency], float(amount))
        yield raised

    def _by_state(
        self, name: str, words: str, table: type[InboxEvent] | type[OutboxMessage]
    ) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(name, words, labels=["state"])
        for state, count in self._session.execute(
            select(table.state, func.count()).group_by(table.state)
        ):
            gauge.add_metric([state], count)
        return gauge
