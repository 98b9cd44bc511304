"""Amazon SNS: verify its messages and confirm a subscription. Used for the events of SES.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import Certificate, load_pem_x509_certificate

from campaign.core.errors import CampaignError, WebhookRefused
from campaign.core.outgoing.connection import OutgoingConnection, OutgoingFailed, OutgoingRules
from campaign.core.outside_text import read_our_url, read_url

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
_CONFIRMATIONS = {SUBSCRIPTION, "UnsubscribeConfirmation"}
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        _CONFIRMATIONS,
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""The fields that are signed, in their order; an absent subject is left out."""
_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's version 1 signs with SHA-1
TIMEOUT = 10.0
"""Seconds for one whole request."""
LARGEST_ANSWER = 64 * 1024

Fetch = Callable[[str], bytes]


class SnsUnreachable(CampaignError):
    """Amazon could not be asked for its certificate or for the confirmation; SNS tries again later."""


def verify(message: Any, topics: Sequence[str], fetch: Fetch, at: datetime) -> Mapping[str, Any]:
    """Return the message. Raise ValueError if it is none, WebhookRefused if it is not from one of our topics."""
    if not isinstance(message, Mapping):
        raise ValueError("the body is not a message of SNS")  # noqa: TRY004 - all faults are reported alike
    signed = _SIGNED.get(str(message.get("Type")))
    if signed is None:
        raise ValueError(
            "Type is none of SNS's; raw message delivery must be off, as its messages are not signed"
        )
    if message.get("TopicArn") not in topics:
        raise WebhookRefused("TopicArn is not the topic in SES_TOPIC_ARN.")
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    if algorithm is None:
        raise WebhookRefused("SignatureVersion must be 1 or 2.")
    certificate = _certificate(_trusted(message, "SigningCertURL", _CERTIFICATE_PATH), fetch, at)
    key = certificate.public_key()
    try:
        if not isinstance(key, rsa.RSAPublicKey):
            raise InvalidSignature
        given = base64.b64decode(str(message.get("Signature")), validate=True)
        key.verify(given, _string_to_sign(message, signed), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError) as error:
        raise WebhookRefused("The signature is wrong.") from error
    return message


def confirm(message: Mapping[str, Any], fetch: Fetch) -> None:
    """Confirm the subscription of a verified message. Raise WebhookRefused if its URL does not do that."""
    url = _trusted(message, "SubscribeURL", re.compile(r"/?"))
    asked = parse_qs(read_our_url(url).query)
    wanted = {"Action": ["ConfirmSubscription"], "TopicArn": [message["TopicArn"]]}
    if any(asked.get(name) != value for name, value in wanted.items()):
        raise WebhookRefused("SubscribeURL does not confirm this subscription.")
    fetch(url)


def _trusted(message: Mapping[str, Any], name: str, path: re.Pattern[str]) -> str:
    """Return a URL of the message. Raise WebhookRefused unless it is one of SNS itself."""
    parts = read_url(message.get(name))
    if parts is None:
        raise WebhookRefused(f"{name} is not a URL.")
    of_sns = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and parts.port is None
    if not of_sns or not path.fullmatch(parts.path) or parts.fragment:
        raise WebhookRefused(f"{name} is not an address of sns.REGION.amazonaws.com.")
    return parts.geturl()


def _string_to_sign(message: Mapping[str, Any], names: Sequence[str]) -> bytes:
    lines = [f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None]
    return "".join(lines).encode("utf-8", "surrogatepass")


def _certificate(url: str, fetch: Fetch, at: datetime) -> Certificate:
    try:
        certificate = load_pem_x509_certificate(fetch(url))
    except ValueError as error:
        raise SnsUnreachable("SigningCertURL did not answer with a certificate.") from error
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise WebhookRefused("The signing certificate is not valid now.")
    return certificate


_KEPT: dict[tuple[str, str], bytes] = {}
_MOST_KEPT = 8


def fetch_from_sns(rules: OutgoingRules, base_url: str = "") -> Fetch:
    """Return the function that asks SNS, or `base_url` in its place, for a URL; certificates are kept in memory."""

    def fetch(url: str) -> bytes:
        parts = read_our_url(url)
        base = base_url or f"{parts.scheme}://{parts.netloc}"
        target = f"{parts.path or '/'}?{parts.query}".rstrip("?")
        if not _CERTIFICATE_PATH.fullmatch(parts.path):
            return _get(base, target, rules)
        if (base, target) not in _KEPT:
            if len(_KEPT) >= _MOST_KEPT:
                _KEPT.clear()
            _KEPT[base, target] = _get(base, target, rules)
        return _KEPT[base, target]

    return fetch


def _get(base_url: str, target: str, rules: OutgoingRules) -> bytes:
    """Return the body of a GET. Redirects are not followed. Raise SnsUnreachable."""
    connection = OutgoingConnection(read_our_url(base_url), rules)
    headers = {"User-Agent": "campaign-webhooks/1"}
    try:
        answer = connection.request(
            "GET", target, None, headers, seconds=TIMEOUT, most=LARGEST_ANSWER
        )
    except OutgoingFailed as error:
        raise SnsUnreachable(f"Amazon SNS could not be reached: {error}") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise SnsUnreachable(f"Amazon SNS answered with status {answer.status}.")
    return answer.body
