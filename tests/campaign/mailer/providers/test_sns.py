"""Messages of Amazon SNS: signed by a certificate from SNS's own hosts only, about our topic only."""

import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.core.errors import WebhookRefused
from campaign.core.outgoing.connection import OutgoingRules
from campaign.mailer.providers import sns
from tests.support.provider_payloads import TOPIC, SnsServer, SnsSigner
from tests.support.upstream import Answer

TEST_MODE = OutgoingRules(livemode=False)
AT = datetime(2026, 12, 23, tzinfo=UTC)
CERTIFICATE = "/SimpleNotificationService-0a1b2c.pem"


@pytest.fixture(scope="module")
def signer() -> SnsSigner:
    return SnsSigner()


@pytest.fixture
def amazon(signer: SnsSigner) -> Iterator[SnsServer]:
    with SnsServer(signer) as server:
        yield server


def verify(amazon: SnsServer, message: Any, at: datetime = AT) -> Mapping[str, Any]:
    return sns.verify(message, [TOPIC], sns.fetch_from_sns(TEST_MODE, amazon.url), at)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_message_is_returned(amazon: SnsServer, signer: SnsSigner, version: str) -> None:
    for message in (
        signer.notification({"eventType": "Send"}, version=version),
        signer.notification("text", version=version, Subject="Amazon SES Email Event"),
        signer.confirmation(version=version),
    ):
        assert verify(amazon, message) == message
    assert len(amazon.asked(CERTIFICATE)) == 1, "the certificate is kept"


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Subject", "Signature"])
def test_a_changed_field_is_noticed(amazon: SnsServer, signer: SnsSigner, name: str) -> None:
    message = signer.notification({"eventType": "Send"}, Subject="x")
    with pytest.raises(WebhookRefused, match="signature is wrong"):
        verify(amazon, message | {name: f"{message[name]}x"})
    message.pop(name)
    with pytest.raises(WebhookRefused, match="signature is wrong"):
        verify(amazon, message)


def test_a_message_of_another_key_is_refused(amazon: SnsServer) -> None:
    with pytest.raises(WebhookRefused, match="signature is wrong"):
        verify(amazon, SnsSigner().notification("text"))


def test_another_topic_is_refused_before_anybody_is_asked(
    amazon: SnsServer, signer: SnsSigner
) -> None:
    other = signer.notification("x", TopicArn="arn:aws:sns:eu-west-1:999999999999:campaign-mail")
    with pytest.raises(WebhookRefused, match="TopicArn"):
        verify(amazon, other)
    assert amazon.received == []


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b2c.pem",
        "https://evil.example/SimpleNotificationService-0a1b2c.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0a1b2c.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0a1b2c.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-0a1b2c.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem#x",
        "https://SNS.x.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem",
        "https://[sns/x.pem",
        "",
        7,
        None,
    ],
)
def test_a_certificate_from_anywhere_else_is_refused_unasked(
    amazon: SnsServer, signer: SnsSigner, url: object
) -> None:
    with pytest.raises(WebhookRefused, match="SigningCertURL"):
        verify(amazon, signer.notification("x", SigningCertURL=url))
    assert amazon.received == []


@pytest.mark.parametrize(
    "host", ["sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"]
)
def test_every_region_of_amazon_is_accepted(
    amazon: SnsServer, signer: SnsSigner, host: str
) -> None:
    url = f"https://{host}{CERTIFICATE}"
    assert verify(amazon, signer.notification("x", SigningCertURL=url))["Message"] == "x"


def test_an_unknown_version_or_kind_of_message_is_refused(
    amazon: SnsServer, signer: SnsSigner
) -> None:
    with pytest.raises(WebhookRefused, match="SignatureVersion must be 1 or 2"):
        verify(amazon, signer.notification("x") | {"SignatureVersion": "3"})
    with pytest.raises(ValueError, match="raw message delivery must be off"):
        verify(amazon, {"eventType": "Bounce"})
    with pytest.raises(ValueError, match="not a message of SNS"):
        verify(amazon, ["x"])


def test_a_certificate_that_is_not_valid_yet_is_refused() -> None:
    early = SnsSigner(valid_from=datetime(2030, 1, 1, tzinfo=UTC))
    with SnsServer(early) as amazon, pytest.raises(WebhookRefused, match="not valid now"):
        verify(amazon, early.notification("x"))


@pytest.mark.parametrize(
    "answer", [Answer(b"no certificate"), Answer(status=500), Answer(status=302), None]
)
def test_a_certificate_that_cannot_be_had_is_asked_for_again_later(
    amazon: SnsServer, signer: SnsSigner, answer: Answer | None
) -> None:
    amazon.answers(CERTIFICATE, lambda _: answer)
    with pytest.raises(sns.SnsUnreachable):
        verify(amazon, signer.notification("x"))


def test_a_subscription_is_confirmed_at_its_url(amazon: SnsServer, signer: SnsSigner) -> None:
    sns.confirm(signer.confirmation(), sns.fetch_from_sns(TEST_MODE, amazon.url))
    [asked] = amazon.received
    assert (asked.method, asked.path) == ("GET", "/")
    assert "Action=ConfirmSubscription" in asked.target
    assert "Token=2336412f37" in asked.target


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=x",
        f"https://sns.eu-west-1.amazonaws.com/?Action=Publish&TopicArn={TOPIC}",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x",
        f"https://sns.eu-west-1.amazonaws.com/other?Action=ConfirmSubscription&TopicArn={TOPIC}",
    ],
)
def test_nothing_else_is_visited_to_confirm(amazon: SnsServer, signer: SnsSigner, url: str) -> None:
    with pytest.raises(WebhookRefused, match="SubscribeURL"):
        sns.confirm(
            signer.confirmation(SubscribeURL=url), sns.fetch_from_sns(TEST_MODE, amazon.url)
        )
    assert amazon.received == []


def test_in_live_mode_a_host_of_sns_that_leads_into_a_private_network_is_not_asked(
    signer: SnsSigner,
) -> None:
    """Whoever answers for the name (a poisoned resolver) gets no request inside."""
    dialed: list[str] = []

    def dial(address: str, _port: int, _seconds: float) -> socket.socket:
        dialed.append(address)
        raise OSError

    rules = OutgoingRules(addresses=lambda _host, _port: ["10.0.0.1"], dial=dial)
    with pytest.raises(sns.SnsUnreachable, match="private or special"):
        sns.confirm(signer.confirmation(), sns.fetch_from_sns(rules))
    assert dialed == []
