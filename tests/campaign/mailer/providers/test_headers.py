"""The headers that carry our token: each provider's own, and none for other mail servers."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.core.provider_settings import PROVIDERS, ProviderSettings
from campaign.core.settings import FromAddress
from campaign.mailer.message import build_message
from campaign.mailer.providers import brevo, mailgun, postmark, sendgrid, ses, sparkpost
from campaign.mailer.providers.headers import provider_headers
from campaign.mailer.render import RenderedEmail
from tests.support import provider_payloads as payloads

TOKEN = "A1b2C3d4E5f6G7h8I9j0-_"
AT = datetime(2026, 12, 23, tzinfo=UTC)


def sent(provider: str, *, bulk: bool = True, **settings: Any) -> dict[str, str]:
    return provider_headers(ProviderSettings(provider, **settings), TOKEN, bulk=bulk)


def returned(provider: str, headers: dict[str, str]) -> Any:
    """What the provider's bounce looks like after it got `headers`, as its pages say."""
    if provider == "ses":
        name, _, value = headers["X-SES-MESSAGE-TAGS"].partition("=")
        return payloads.ses_bounce(mail=payloads.ses_mail(tags={name: [value]}))
    if provider == "postmark":
        prefix = "X-PM-Metadata-"
        found = {k.removeprefix(prefix): v for k, v in headers.items() if k.startswith(prefix)}
        return payloads.postmark_bounce(Metadata=found)
    if provider == "mailgun":
        variables = json.loads(headers["X-Mailgun-Variables"])
        return payloads.mailgun_event(**{"user-variables": variables})
    if provider == "sendgrid":
        return payloads.sendgrid_bounce(**json.loads(headers["X-SMTPAPI"])["unique_args"])
    if provider == "sparkpost":
        metadata = json.loads(headers["X-MSYS-API"])["metadata"]
        return payloads.sparkpost_event(rcpt_meta=metadata)
    return payloads.brevo_event(**{"X-Mailin-custom": headers["X-Mailin-custom"]})


READERS = {
    "ses": ses.read,
    "postmark": postmark.read,
    "mailgun": mailgun.read,
    "sendgrid": sendgrid.read,
    "sparkpost": sparkpost.read,
    "brevo": brevo.read,
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_token_that_goes_out_comes_back_in_the_event(provider: str) -> None:
    [event] = READERS[provider](returned(provider, sent(provider)), AT)
    assert event.token == TOKEN


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_headers_fit_into_a_message(provider: str) -> None:
    message = build_message(
        RenderedEmail("x", "x", "<p>x</p>"),
        sender=FromAddress("News", "news@example.org"),
        recipient="ana@example.org",
        message_id="<x@example.org>",
        at=AT,
        headers=sent(provider),
    )
    assert TOKEN in message.partition(b"\r\n\r\n")[0].decode()


def test_other_mail_servers_get_none() -> None:
    assert sent("") == {}


def test_ses_publishes_to_the_configuration_set_that_is_named() -> None:
    assert "X-SES-CONFIGURATION-SET" not in sent("ses")
    headers = sent("ses", ses_configuration_set="campaign")
    assert headers["X-SES-CONFIGURATION-SET"] == "campaign"


def test_postmark_keeps_our_message_id_and_sends_bulk_emails_in_their_stream() -> None:
    settings = ProviderSettings("postmark", postmark_broadcast_stream="broadcast")
    bulk = provider_headers(settings, TOKEN, bulk=True)
    assert (bulk["X-PM-KeepID"], bulk["X-PM-Message-Stream"]) == ("true", "broadcast")
    assert "X-PM-Message-Stream" not in provider_headers(settings, TOKEN, bulk=False)
    unset = replace(settings, postmark_broadcast_stream="")
    assert "X-PM-Message-Stream" not in provider_headers(unset, TOKEN, bulk=True)


def test_a_receipt_through_sparkpost_is_transactional_and_an_appeal_is_not() -> None:
    def transactional(*, bulk: bool) -> bool:
        options = json.loads(sent("sparkpost", bulk=bulk)["X-MSYS-API"])["options"]
        return bool(options["transactional"])

    assert (transactional(bulk=False), transactional(bulk=True)) == (True, False)
