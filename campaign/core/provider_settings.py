"""Settings of the mail providers whose events are received, and of their headers. `core.settings` loads them."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from campaign.core.env_reader import Variables

SES, POSTMARK, MAILGUN, SENDGRID, SPARKPOST, BREVO = PROVIDERS = (
    "ses",
    "postmark",
    "mailgun",
    "sendgrid",
    "sparkpost",
    "brevo",
)
_NONE = "none"
_HOSTS = (
    (SES, re.compile(r"email-smtp(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")),
    (POSTMARK, re.compile(r"smtp(-broadcasts)?\.postmarkapp\.com")),
    (MAILGUN, re.compile(r"smtp(\.eu)?\.mailgun\.org")),
    (SENDGRID, re.compile(r"smtp(\.eu)?\.sendgrid\.net")),
    (SPARKPOST, re.compile(r"smtp(\.eu)?\.sparkpostmail\.com")),
    (BREVO, re.compile(r"smtp-relay\.(brevo|sendinblue)\.com")),
)
"""The SMTP servers that each provider documents; docs/mail-providers.md names the pages."""
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
SHORTEST_SECRET = 16


@dataclass(frozen=True)
class ProviderSettings:
    """How each provider authenticates its events, and which provider sends our email.

    An empty tuple closes the provider's endpoint. Several values are accepted at once while one is being replaced.
    `sending` is one of PROVIDERS, or '' for any other mail server: its headers carry our token. `sns_base_url`
    replaces Amazon's hosts in tests.
    """

    sending: str = ""
    ses_topics: tuple[str, ...] = ()
    ses_configuration_set: str = ""
    postmark_broadcast_stream: str = ""
    postmark_secrets: tuple[str, ...] = field(default=(), repr=False)
    mailgun_keys: tuple[str, ...] = field(default=(), repr=False)
    sendgrid_keys: tuple[str, ...] = ()
    sparkpost_secrets: tuple[str, ...] = field(default=(), repr=False)
    brevo_secrets: tuple[str, ...] = field(default=(), repr=False)
    sns_base_url: str = ""


def read_providers(reader: Variables, smtp_host: str) -> ProviderSettings:
    """Read the settings of the providers; `reader` collects faults. The server's host names the one that sends."""
    base = (reader.optional("SNS_BASE_URL") or "").rstrip("/")
    reader.address("SNS_BASE_URL", base, {"http", "https"})
    return ProviderSettings(
        sending=_sending(reader, smtp_host),
        ses_topics=_topics(reader),
        ses_configuration_set=_word(reader, "SES_CONFIGURATION_SET"),
        postmark_broadcast_stream=_word(reader, "POSTMARK_BROADCAST_STREAM"),
        postmark_secrets=_secrets(reader, "POSTMARK_WEBHOOK_SECRET"),
        mailgun_keys=_secrets(reader, "MAILGUN_WEBHOOK_KEY"),
        sendgrid_keys=_public_keys(reader),
        sparkpost_secrets=_secrets(reader, "SPARKPOST_WEBHOOK_SECRET"),
        brevo_secrets=_secrets(reader, "BREVO_WEBHOOK_SECRET"),
        sns_base_url=base,
    )


def _sending(reader: Variables, smtp_host: str) -> str:
    named = (reader.optional("MAIL_PROVIDER") or "").lower()
    if named and named not in (*PROVIDERS, _NONE):
        reader.fault("MAIL_PROVIDER", f"{named!r} must be one of {', '.join(PROVIDERS)}, {_NONE}")
    if named:
        return "" if named == _NONE else named
    host = smtp_host.lower()
    return next((name for name, hosts in _HOSTS if hosts.fullmatch(host)), "")


def _several(reader: Variables, name: str) -> tuple[str, ...]:
    given = reader.optional(name) or ""
    return tuple(filter(None, map(str.strip, given.split(","))))


def _topics(reader: Variables) -> tuple[str, ...]:
    topics = _several(reader, "SES_TOPIC_ARN")
    if not all(map(_TOPIC.fullmatch, topics)):
        reader.fault("SES_TOPIC_ARN", "must be the ARN of an SNS topic, arn:aws:sns:REGION:…")
    return topics


def _secrets(reader: Variables, name: str) -> tuple[str, ...]:
    secrets = _several(reader, name)
    if any(len(each) < SHORTEST_SECRET for each in secrets):
        reader.fault(name, f"needs at least {SHORTEST_SECRET} characters")
    return secrets


def _public_keys(reader: Variables) -> tuple[str, ...]:
    name = "SENDGRID_WEBHOOK_KEY"
    keys = _several(reader, name)
    try:
        if not all(base64.b64decode(each, validate=True) for each in keys):
            raise binascii.Error
    except (binascii.Error, ValueError):
        reader.fault(name, "must be the verification key that SendGrid shows, in base64")
    return keys


def _word(reader: Variables, name: str) -> str:
    value = reader.optional(name) or ""
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        reader.fault(name, f"{value!r} is not a name of letters, digits, - and _")
    return value
