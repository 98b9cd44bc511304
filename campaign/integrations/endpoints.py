"""Webhook endpoints: URLs that receive events. For staff pages and commands."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import SplitResult

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.core.outgoing.connection import OutgoingRules
from campaign.core.outside_text import read_url
from campaign.models import WebhookDelivery, WebhookEndpoint

EVENTS = (
    "donation.paid",
    "donation.refunded",
    "subscription.ended",
    "subscriber.consented",
    "subscriber.unsubscribed",
    "subscriber.suppressed",
)
TEST = "endpoint.test"
LONGEST_URL = 2000


def add_endpoint(
    session: Session, url: str, events: Sequence[str], actor: Actor, rules: OutgoingRules
) -> WebhookEndpoint:
    """Add an endpoint that receives `events` at `url`; an active one with the same URL gets the new events.

    Its secret is 32 random bytes in the format of https://www.standardwebhooks.com. Raises FieldsInvalid.
    """
    url = url.strip()
    faults = {}
    if fault := _fault_of(url, rules):
        faults["url"] = fault
    if not events or set(events) - set(EVENTS):
        faults["events"] = f"Choose at least one of {', '.join(EVENTS)}."
    if faults:
        raise FieldsInvalid(faults)
    wanted = [event for event in EVENTS if event in events]
    known = session.scalars(
        select(WebhookEndpoint).where(
            WebhookEndpoint.url == url, WebhookEndpoint.disabled_at.is_(None)
        )
    ).first()
    if known is not None:
        before, known.events = known.events, wanted
        if before != wanted:
            record(
                session, actor, "webhook_endpoint.changed", endpoint_subject(known),
                before={"events": before}, after={"events": wanted},
            )  # fmt: skip
        return known
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    endpoint = WebhookEndpoint(url=url, secret=secret, events=wanted, created_by=actor.name)
    session.add(endpoint)
    session.flush()
    record(
        session, actor, "webhook_endpoint.added", endpoint_subject(endpoint),
        after={"url": url, "events": wanted},
    )  # fmt: skip
    return endpoint


def _fault_of(url: str, rules: OutgoingRules) -> str:
    """Return what is wrong with the URL; where its host leads to is checked again for each delivery."""
    parts = read_url(url)
    if parts is None:
        return "Enter a valid URL."
    if fault := _fault_of_parts(parts):
        return fault
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return "The URL is too long or has invalid characters."
    fault = rules.fault_of(parts)
    return f"The URL {fault}." if fault else ""


def _fault_of_parts(parts: SplitResult) -> str:
    if parts.scheme not in {"https", "http"}:
        return "The URL must start with https://."
    if not parts.hostname or parts.username or parts.fragment or parts.port == 0:
        return "The URL needs a host, and must not have a user name, password or #."
    return ""


def endpoint_subject(endpoint: WebhookEndpoint) -> Subject:
    """Return the endpoint's name in the audit log."""
    return Subject("webhook_endpoint", str(endpoint.id))


def list_endpoints(session: Session) -> Sequence[WebhookEndpoint]:
    """Return all endpoints, active ones first."""
    query = select(WebhookEndpoint).order_by(
        WebhookEndpoint.disabled_at.is_not(None), WebhookEndpoint.id
    )
    return session.scalars(query).all()


def find_endpoint(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """Return one endpoint; raises NotFound."""
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None:
        raise NotFound(f"There is no endpoint {endpoint_id}. See `campaign webhooks list`.")
    return endpoint


def disable_endpoint(session: Session, endpoint_id: int, actor: Actor, at: datetime) -> bool:
    """Disable an endpoint; its queued deliveries are kept but not sent. Returns False if it was already disabled."""
    endpoint = find_endpoint(session, endpoint_id)
    session.refresh(endpoint, with_for_update=True)
    if endpoint.disabled_at is not None:
        return False
    endpoint.disabled_at = at
    record(session, actor, "webhook_endpoint.disabled", endpoint_subject(endpoint))
    return True


def queue_test(session: Session, endpoint_id: int, actor: Actor) -> WebhookDelivery:
    """Queue a test event without data; raises NotFound if the endpoint is disabled."""
    endpoint = find_endpoint(session, endpoint_id)
    if endpoint.disabled_at is not None:
        raise NotFound(
            f"Endpoint {endpoint_id} is disabled. Add its URL again to send events to it."
        )
    delivery = WebhookDelivery(endpoint_id=endpoint.id, kind=TEST, subject_key=secrets.token_hex(8))
    session.add(delivery)
    record(session, actor, "webhook_endpoint.tested", endpoint_subject(endpoint))
    session.flush()
    return delivery
