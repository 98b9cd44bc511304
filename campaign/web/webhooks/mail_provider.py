"""The endpoint for an email provider's bounce and complaint reports. docs/mail.md describes the format."""

import hmac
import json
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from campaign.core import clock
from campaign.mailer.provider_events import apply_event, read_event
from campaign.web.context import installation

blueprint = Blueprint("mail_events", __name__)

LARGEST_BODY = 1024 * 1024


@blueprint.post("/mail/events")
def receive() -> tuple[Response, int]:
    """Apply each valid event in its own commit, and list the rejected ones by index.

    The status is 200 even if some were rejected: sending the list again would not fix them.
    """
    _authorize(installation().settings.mail.events_secret)
    events = _events()
    if isinstance(events, str):
        return jsonify(error=events), 413 if events.startswith("The body is larger") else 400
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


def _events() -> list[Any] | str:
    """Return the list of events in the body, or what is wrong with the body."""
    request.max_content_length = LARGEST_BODY + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = b""
    if len(body) > LARGEST_BODY or (request.content_length or 0) > LARGEST_BODY:
        return "The body is larger than 1 MB."
    try:
        events = json.loads(body)["events"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return 'The body must be JSON: {"events": […]}.'
    return events if isinstance(events, list) else "`events` must be a list."
