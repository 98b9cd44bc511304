"""The endpoints for the events of mail providers, one address each. docs/mail-providers.md says how to set them up."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, jsonify, request
from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import WebhookRefused
from campaign.core.provider_settings import ProviderSettings
from campaign.mailer.provider_events import MailEvent, apply_event
from campaign.mailer.providers import brevo, mailgun, postmark, sendgrid, ses, sns, sparkpost
from campaign.web.context import installation
from campaign.web.webhooks.bodies import BodyRefused, parse_json, read_body

blueprint = Blueprint("provider_events", __name__)
log = get_logger(__name__)

LARGEST_BATCH = 10 * 1024 * 1024
"""SparkPost sends up to 10,000 events at once."""
SECRET_HEADER = "X-Webhook-Secret"  # noqa: S105 - the header's name
Answer = tuple[Response, int]


class EventFormat(NamedTuple):
    """How one provider's requests are taken apart, and what one event means."""

    split: Callable[[Any], list[Any]]
    read: Callable[[Any, datetime], list[MailEvent]]


def _settings() -> ProviderSettings:
    return installation().settings.mail.providers


@blueprint.errorhandler(BodyRefused)
def _body_refused(error: BodyRefused) -> Answer:
    return error.answer


@blueprint.errorhandler(WebhookRefused)
def _signature_refused(error: WebhookRefused) -> Answer:
    log.warning("provider_webhook_refused", path=request.path, reason=str(error))
    return jsonify(error=str(error)), 403


@blueprint.post("/mail/events/ses")
def receive_ses() -> Answer:
    """Take a message of SNS: confirm the subscription, or apply the event of SES in it."""
    topics = _required(_settings().ses_topics)
    if request.headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        raise WebhookRefused(
            "Turn off raw message delivery for this subscription: SNS does not sign raw messages."
        )
    payload = parse_json(read_body())
    fetch = sns.fetch_from_sns(installation().settings.outgoing, _settings().sns_base_url)
    try:
        message = sns.verify(payload, topics, fetch, clock.now())
        if message["Type"] == sns.SUBSCRIPTION:
            sns.confirm(message, fetch)
            log.info("sns_subscription_confirmed", topic=message["TopicArn"])
            return jsonify(confirmed=message["TopicArn"]), 200
    except ValueError as error:
        raise BodyRefused(f"The event cannot be read: {error}.") from None
    except sns.SnsUnreachable as error:
        return jsonify(error=str(error)), 503
    if message["Type"] != sns.NOTIFICATION:
        return jsonify(applied=0, unknown=0, ignored=1, refused=[]), 200
    return _apply(_notification(message["Message"]), EventFormat(ses.split, ses.read))


def _notification(text: Any) -> Any:
    """Return the JSON in a notification. SES announces itself in plain words when a topic is connected."""
    try:
        return parse_json(str(text).encode("utf-8", "replace"))
    except BodyRefused:
        return {"eventType": "announcement"}


@blueprint.post("/mail/events/postmark")
def receive_postmark() -> Answer:
    """Apply the event of a Postmark webhook."""
    _require_secret(_settings().postmark_secrets)
    return _apply(parse_json(read_body()), EventFormat(postmark.split, postmark.read))


@blueprint.post("/mail/events/mailgun")
def receive_mailgun() -> Answer:
    """Apply the event of a Mailgun webhook. Its signature is in the body."""
    keys = _required(_settings().mailgun_keys)
    payload = parse_json(read_body())
    mailgun.verify(payload, keys, clock.now())
    return _apply(payload, EventFormat(mailgun.split, mailgun.read))


@blueprint.post("/mail/events/sendgrid")
def receive_sendgrid() -> Answer:
    """Apply the events of SendGrid's signed Event Webhook."""
    keys = _required(_settings().sendgrid_keys)
    body = read_body(LARGEST_BATCH)
    signature, stamp = (
        request.headers.get(f"X-Twilio-Email-Event-Webhook-{name}", "")
        for name in ("Signature", "Timestamp")
    )
    sendgrid.verify(body, signature, stamp, keys, clock.now())
    return _apply(parse_json(body), EventFormat(sendgrid.split, sendgrid.read))


@blueprint.post("/mail/events/sparkpost")
def receive_sparkpost() -> Answer:
    """Apply the events of a SparkPost batch."""
    _require_secret(_settings().sparkpost_secrets)
    return _apply(
        parse_json(read_body(LARGEST_BATCH)), EventFormat(sparkpost.split, sparkpost.read)
    )


@blueprint.post("/mail/events/brevo")
def receive_brevo() -> Answer:
    """Apply the event, or the batch of events, of a Brevo webhook, transactional or marketing."""
    _require_secret(_settings().brevo_secrets)
    return _apply(parse_json(read_body()), EventFormat(brevo.split, brevo.read))


def _required(values: Sequence[str]) -> Sequence[str]:
    """Return the values of a setting; without them the endpoint does not exist."""
    if not values:
        abort(404)
    return values


def _require_secret(secrets: Sequence[str]) -> None:
    """Answer 401 unless the request carries a secret: as password of basic authentication, bearer, or header."""
    shown = [each.encode() for each in _shown_secrets()]
    known = [each.encode() for each in _required(secrets)]
    if not any(hmac.compare_digest(one, other) for one in shown for other in known):
        log.warning("provider_webhook_refused", path=request.path, reason="wrong secret")
        answer = jsonify(error="The secret is missing or wrong.")
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = 'Basic realm="mail events"'
        abort(answer)


def _shown_secrets() -> list[str]:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    shown = [request.headers.get(SECRET_HEADER, "")]
    if kind.lower() == "bearer":
        shown.append(given.strip())
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            pair = ""
        shown.append(pair.partition(":")[2])
    return [each for each in shown if each]


def _apply(payload: Any, shape: EventFormat) -> Answer:
    """Apply each event in its own commit, and list the refused ones by index.

    The status is 400 if none could be read. If some could, it is 200: sending the batch again would not fix the others.
    """
    try:
        items = shape.split(payload)
    except ValueError as error:
        raise BodyRefused(f"The body cannot be read: {error}.") from None
    applied = unknown = ignored = 0
    refused: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        try:
            events = shape.read(item, clock.now())
        except ValueError as error:
            refused.append({"index": index, "reason": str(error)})
            continue
        ignored += not events
        for event in events:
            with installation().sessions.begin() as session:
                known = apply_event(session, event)
            applied, unknown = applied + known, unknown + (not known)
    counts = {"applied": applied, "unknown": unknown, "ignored": ignored}
    log.info("provider_events", path=request.path, refused=len(refused), **counts)
    if refused and len(refused) == len(items):
        reasons = "; ".join(dict.fromkeys(str(one["reason"]) for one in refused[:5]))
        return jsonify(error=f"The event cannot be read: {reasons}.", refused=refused), 400
    return jsonify(**counts, refused=refused), 200
