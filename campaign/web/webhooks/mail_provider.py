"""The endpoint for an email provider's bounce and complaint reports. docs/mail.md describes the format."""

import hmac
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from campaign.core import clock
from campaign.mailer.provider_events import apply_event, read_event
from campaign.web.context import installation
from campaign.web.webhooks.bodies import BodyRefused, parse_json, read_body

blueprint = Blueprint("mail_events", __name__)


@blueprint.post("/mail/events")
def receive() -> tuple[Response, int]:
    """Apply each valid event in its own commit, and list the rejected ones by index.

    The status is 200 even if some were rejected: sending the list again would not fix them.
    """
    _authorize(installation().settings.mail.events_secret)
    try:
        events = _events(parse_json(read_body()))
    except BodyRefused as error:
        return error.answer
    applied = unknown = 0
    refused: list[dict[str, Any]] = []
    for index, given in enumerate(events):
        try:
            event = read_event(given, clock.now())
        except ValueError as error:
            refused.append({"index": index, "reason": str(error)})
            continue
        with installation().sessions.begin() as session:
            known = apply_event(session, event)
        applied, unknown = applied + known, unknown + (not known)
    return jsonify(applied=applied, unknown=unknown, refused=refused), 200


def _authorize(secret: str) -> None:
    if not secret:
        abort(404)
    shown = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(shown, f"Bearer {secret}".encode()):
        abort(401)


def _events(body: Any) -> list[Any]:
    """Return the list of events in the body. Raise BodyRefused if there is none."""
    events = body.get("events") if isinstance(body, dict) else None
    if not isinstance(events, list):
        raise BodyRefused('The body must be JSON: {"events": […]}.')
    return events
