"""The headers that carry our token through a provider, so that each of its events finds the message it is about.

Providers rewrite the Message-ID or the envelope sender, or leave them out of their events; their own tags, metadata and
custom arguments come back. docs/mail-providers.md names the page of each header.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from campaign.core.provider_settings import (
    BREVO,
    MAILGUN,
    POSTMARK,
    SENDGRID,
    SES,
    SPARKPOST,
    ProviderSettings,
)
from campaign.mailer.providers.fields import MESSAGE_KEY


class _Outgoing(NamedTuple):
    settings: ProviderSettings
    token: str
    bulk: bool


def provider_headers(settings: ProviderSettings, token: str, *, bulk: bool) -> dict[str, str]:
    """Return the additional headers of one message for the provider that sends it; none for another mail server."""
    build = _HEADERS.get(settings.sending)
    return build(_Outgoing(settings, token, bulk)) if build else {}


def _ses(message: _Outgoing) -> dict[str, str]:
    # Tags come back only in the events of a configuration set.
    tags = {"X-SES-MESSAGE-TAGS": f"{MESSAGE_KEY}={message.token}"}
    chosen = message.settings.ses_configuration_set
    return tags | ({"X-SES-CONFIGURATION-SET": chosen} if chosen else {})


def _postmark(message: _Outgoing) -> dict[str, str]:
    headers = {f"X-PM-Metadata-{MESSAGE_KEY}": message.token, "X-PM-KeepID": "true"}
    stream = message.settings.postmark_broadcast_stream
    return headers | ({"X-PM-Message-Stream": stream} if message.bulk and stream else {})


def _mailgun(message: _Outgoing) -> dict[str, str]:
    return {"X-Mailgun-Variables": _written({MESSAGE_KEY: message.token})}


def _sendgrid(message: _Outgoing) -> dict[str, str]:
    return {"X-SMTPAPI": _written({"unique_args": {MESSAGE_KEY: message.token}})}


def _sparkpost(message: _Outgoing) -> dict[str, str]:
    # A transactional message reaches people who unsubscribed from the others: receipts must.
    options = {"transactional": not message.bulk}
    return {"X-MSYS-API": _written({"metadata": {MESSAGE_KEY: message.token}, "options": options})}


def _brevo(message: _Outgoing) -> dict[str, str]:
    return {"X-Mailin-custom": f"{MESSAGE_KEY}={message.token}"}


def _written(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


_HEADERS = {
    SES: _ses,
    POSTMARK: _postmark,
    MAILGUN: _mailgun,
    SENDGRID: _sendgrid,
    SPARKPOST: _sparkpost,
    BREVO: _brevo,
}
