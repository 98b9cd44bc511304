"""Webhooks are sent bodies that no honest sender would send."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from campaign.core.provider_settings import ProviderSettings
from campaign.core.settings import MailSettings
from campaign.runtime.context import Installation
from tests.fuzz.hostile import fault_of as fault
from tests.support.routes import address, pages
from tests.support.stripe import signature

BODIES = {
    "nothing": b"",
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "huge number": b'{"id":' + b"9" * 5_000 + b"}",
    "huge exponent": b'{"id":1e999999}',
    "not a number": b'[{"event":NaN,"timestamp":Infinity}]',
    "the same key twice": b'{"id":"a","id":{"id":[]}}',
    "invalid UTF-8": b'{"id":"\xff\xfe"}',
    "lone surrogate": b'{"id":"\\ud800","event":"\\udfff"}',
    "NUL": b'{"id":"\\u0000","event":"bounce\\u0000"}',
    "a word": b'"event"',
    "null": b"null",
    "list of null": b"[null,1,[],{}]",
}
TYPES = ("application/json", "text/plain; charset=utf-16", "multipart/form-data", "")


SECRET = "p" * 32


@pytest.fixture
def installation(installation: Installation) -> Installation:
    providers = ProviderSettings(
        postmark_secrets=(SECRET,),
        mailgun_keys=(SECRET,),
        sparkpost_secrets=(SECRET,),
        brevo_secrets=(SECRET,),
    )
    mail = MailSettings(events_secret=SECRET, providers=providers)
    return replace(installation, settings=replace(installation.settings, mail=mail))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_no_body_breaks_a_webhook(app: Flask, body: bytes, signed: bool) -> None:
    app.config.update(RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    app.testing = False
    client = app.test_client()
    rules = [rule for rule in pages(app, "POST") if re.search("/webhook$|/mail/events", rule.rule)]
    assert len(rules) >= 8
    headers = {"Authorization": f"Bearer {SECRET}", "Stripe-Signature": signature(body)}
    faults = []
    for rule in rules:
        for content_type in TYPES:
            answer = client.post(
                address(rule, "1"),
                data=body,
                content_type=content_type,
                headers=headers if signed else {},
            )
            if wrong := fault(answer):
                faults.append(f"{wrong}: {rule.rule} {content_type}")
    assert not faults, "\n".join(faults)
