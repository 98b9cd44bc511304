"""The endpoint for Stripe's webhooks: verify the raw bytes, store the event, answer. Workers do the rest."""

from flask import Blueprint, Response, jsonify, request
from structlog import get_logger
from werkzeug.exceptions import RequestEntityTooLarge

from campaign.core import clock
from campaign.core.errors import WebhookRefused
from campaign.core.task_queue import INBOX
from campaign.gateway.webhook_signature import verified_event
from campaign.stripe_events.inbox import store_event
from campaign.web.context import installation

blueprint = Blueprint("stripe_webhook", __name__)
log = get_logger(__name__)

LARGEST_BODY = 1024 * 1024


@blueprint.post("/stripe/webhook")
def receive() -> tuple[Response, int]:
    """Return 200 once the event is stored, and again for every repeat."""
    here = installation()
    # One byte more than allowed: a chunked body has no length and is silently cut off at the limit.
    request.max_content_length = LARGEST_BODY + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = b""
    if len(body) > LARGEST_BODY or (request.content_length or 0) > LARGEST_BODY:
        return jsonify(error="The body is larger than 1 MB."), 413
    try:
        event = verified_event(
            body,
            request.headers.get("Stripe-Signature", ""),
            secrets=here.settings.stripe_webhook_secrets,
            livemode=here.settings.livemode,
            at=clock.now(),
        )
    except WebhookRefused as error:
        log.warning("webhook_refused", reason=str(error))
        return jsonify(error=str(error)), 400
    with here.sessions.begin() as session:
        new = store_event(session, event, body)
    if new:
        here.notify(INBOX)
    return jsonify(stored=event.id), 200
