"""The endpoints of mail providers: each with its own authentication, safe to repeat, and clear about faults."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core.provider_settings import PROVIDERS, ProviderSettings
from campaign.core.settings import MailSettings
from campaign.models import OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.support import provider_payloads as payloads
from tests.support.provider_payloads import SendGridSigner, SnsServer, SnsSigner

__all__ = ["sent_email"]
SECRET = "p" * 32
SIGNER = SendGridSigner()
AMAZON = SnsSigner()
APPLIED = {"applied": 1, "unknown": 0, "ignored": 0, "refused": []}


@pytest.fixture
def amazon() -> Iterator[SnsServer]:
    with SnsServer(AMAZON) as server:
        yield server


@pytest.fixture
def installation(installation: Installation, amazon: SnsServer) -> Installation:
    providers = ProviderSettings(
        ses_topics=(payloads.TOPIC,),
        postmark_secrets=("old" * 8, SECRET),
        mailgun_keys=(SECRET,),
        sendgrid_keys=(SIGNER.public_key,),
        sparkpost_secrets=(SECRET,),
        brevo_secrets=(SECRET,),
        sns_base_url=amazon.url,
    )
    settings = replace(installation.settings, mail=MailSettings(providers=providers))
    return replace(installation, settings=settings)


@dataclass(frozen=True)
class Provider:
    """How a provider posts, and its events with our token or our Message-ID in them."""

    post: Callable[..., TestResponse]
    bounce: Callable[..., Any]
    complaint: Callable[[], Any]
    unknown: Any
    malformed: Any


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"campaign:{secret}".encode()).decode()}


def plainly(name: str) -> Callable[..., TestResponse]:
    def posted(
        client: FlaskClient, event: Any, headers: dict[str, str] | None = None
    ) -> TestResponse:
        shown = basic(SECRET) if headers is None else headers
        return client.post(f"/mail/events/{name}", json=event, headers=shown)

    return posted


def by_sns(client: FlaskClient, event: Any) -> TestResponse:
    # SNS posts JSON as text/plain.
    body = json.dumps(AMAZON.notification(event))
    return client.post("/mail/events/ses", data=body, content_type="text/plain; charset=UTF-8")


def by_mailgun(client: FlaskClient, event: Any) -> TestResponse:
    return client.post("/mail/events/mailgun", json=payloads.mailgun_request(event, SECRET))


def by_sendgrid(client: FlaskClient, event: Any) -> TestResponse:
    body = json.dumps([event]).encode()
    return client.post("/mail/events/sendgrid", data=body, headers=SIGNER.headers(body))


def by_sparkpost(client: FlaskClient, event: Any) -> TestResponse:
    return plainly("sparkpost")(client, [event])


def ses_bounce(said: str, token: str) -> Any:
    return payloads.ses_bounce(said, mail=payloads.ses_mail(tags={"campaign_token": [token]}))


def mailgun_bounce(said: str, token: str) -> Any:
    status = {"delivery-status": {"code": 550, "message": said}}
    return payloads.mailgun_event(**status, **{"user-variables": {"campaign_token": token}})


CASES = {
    "ses": Provider(
        by_sns,
        ses_bounce,
        payloads.ses_complaint,
        {"eventType": "Weather"},
        {"eventType": "Bounce", "mail": {}},
    ),
    "postmark": Provider(
        plainly("postmark"),
        lambda said, token: payloads.postmark_bounce(
            Details=said, Metadata={"campaign_token": token}
        ),
        payloads.postmark_complaint,
        {"RecordType": "Weather"},
        payloads.postmark_bounce(Email="nobody"),
    ),
    "mailgun": Provider(
        by_mailgun,
        mailgun_bounce,
        lambda: payloads.mailgun_event("complained"),
        payloads.mailgun_event("weather"),
        payloads.mailgun_event(recipient="nobody"),
    ),
    "sendgrid": Provider(
        by_sendgrid,
        lambda said, token: payloads.sendgrid_bounce(said, "", campaign_token=token),
        lambda: payloads.sendgrid_event("spamreport"),
        payloads.sendgrid_event("weather"),
        payloads.sendgrid_bounce(email="nobody"),
    ),
    "sparkpost": Provider(
        by_sparkpost,
        lambda said, token: payloads.sparkpost_event(
            raw_reason=said, rcpt_meta={"campaign_token": token}
        ),
        lambda: payloads.sparkpost_event("spam_complaint"),
        payloads.sparkpost_event("weather"),
        {"msys": 7},
    ),
    "brevo": Provider(
        plainly("brevo"),
        lambda said, token: payloads.brevo_event(
            reason=said, **{"X-Mailin-custom": f"campaign_token={token}"}
        ),
        lambda: payloads.brevo_event("spam"),
        payloads.brevo_event("weather"),
        payloads.brevo_event(email="nobody"),
    ),
}


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return CASES[request.param]


def stopped(installation: Installation) -> list[tuple[str, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.email))
        return [(row.email, row.reason) for row in rows]


def the_message(installation: Installation) -> OutboxMessage:
    with installation.sessions() as session:
        return session.scalars(select(OutboxMessage)).one()


def test_a_bounce_about_the_address_suppresses_it_once_however_often_it_comes(
    provider: Provider, client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    event = provider.bounce("550 5.1.1 no such user", sent_email())
    for _ in range(2):
        answer = provider.post(client, event)
        assert (answer.status_code, answer.json) == (200, APPLIED)
    assert stopped(installation) == [("ana@example.org", "bounced")]
    assert the_message(installation).bounced_at is not None


@pytest.mark.parametrize(
    "said",
    [
        "550 5.7.1 our policy does not allow this sender",
        "554 Service unavailable; client host blocked using a blocklist",
        "550 5.7.0 too many messages, rate limited",
        "550 relay not permitted",
    ],
)
def test_a_bounce_about_us_is_noted_and_suppresses_nobody(
    provider: Provider,
    client: FlaskClient,
    sent_email: SentEmail,
    installation: Installation,
    said: str,
) -> None:
    answer = provider.post(client, provider.bounce(said, sent_email()))
    assert (answer.status_code, answer.json) == (200, APPLIED)
    assert stopped(installation) == []
    message = the_message(installation)
    assert message.bounced_at is None
    assert said[:12] in (message.bounce or "")


def test_a_complaint_about_an_address_suppresses_it(
    provider: Provider, client: FlaskClient, installation: Installation
) -> None:
    assert provider.post(client, provider.complaint()).json == APPLIED
    assert stopped(installation) == [("ana@example.org", "complained")]


def test_an_event_of_an_unknown_kind_is_accepted_and_counted(
    provider: Provider, client: FlaskClient
) -> None:
    answer = provider.post(client, provider.unknown)
    assert (answer.status_code, answer.json) == (200, APPLIED | {"applied": 0, "ignored": 1})


def test_a_malformed_event_is_refused_and_says_what_is_wrong(
    provider: Provider, client: FlaskClient
) -> None:
    answer = provider.post(client, provider.malformed)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("The event cannot be read: ")


def test_a_message_id_with_or_without_brackets_finds_the_message(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    sent_email("cy@example.org")
    ours = "cy@example.org@harbor-ledger.example"
    said = {"reason": "452 4.2.2 mailbox full"}
    for shown in (ours, f"<{ours}>"):
        event = payloads.sendgrid_event("deferred", **{"smtp-id": shown, **said})
        assert by_sendgrid(client, event).json == APPLIED
    assert the_message(installation).bounce == "452 4.2.2 mailbox full"


def test_leaving_at_the_provider_is_leaving_here(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    event = payloads.postmark_change(Metadata={"campaign_token": sent_email("di@example.org")})
    plainly("postmark")(client, event)
    plainly("brevo")(client, payloads.brevo_marketing_unsubscribe(email="Eve@example.org"))
    assert stopped(installation) == [
        ("di@example.org", "unsubscribed"),
        ("eve@example.org", "unsubscribed"),
    ]


def test_a_batch_applies_what_it_can_and_lists_the_rest(
    client: FlaskClient, installation: Installation
) -> None:
    events = [
        payloads.brevo_event(email="a@example.org"),
        payloads.brevo_event(email="nobody"),
        payloads.brevo_event("delivered"),
        payloads.brevo_event("spam", email="b@example.org"),
    ]
    answer = plainly("brevo")(client, events)
    assert answer.status_code == 200
    assert [answer.json[name] for name in ("applied", "ignored")] == [2, 1]
    assert [each["index"] for each in answer.json["refused"]] == [1]
    assert [email for email, _ in stopped(installation)] == ["a@example.org", "b@example.org"]


# --- Authentication ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["postmark", "sparkpost", "brevo"])
def test_a_shared_secret_comes_as_password_bearer_or_header(client: FlaskClient, name: str) -> None:
    shown = [basic(SECRET), {"Authorization": f"Bearer {SECRET}"}, {"X-Webhook-Secret": SECRET}]
    wrong = [
        {},
        basic("wrong"),
        {"Authorization": "Basic %%"},
        {"Authorization": f"Digest {SECRET}"},
        {"Authorization": "Bearer é"},
        {"X-Webhook-Secret": SECRET[:-1]},
    ]
    event = [] if name == "sparkpost" else {"event": "x", "RecordType": "x"}
    for headers in shown:
        assert plainly(name)(client, event, headers).status_code == 200
    for headers in wrong:
        answer = plainly(name)(client, event, headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_two_secrets_are_accepted_while_one_is_replaced(client: FlaskClient) -> None:
    assert plainly("postmark")(client, {"RecordType": "x"}, basic("old" * 8)).status_code == 200


def test_a_wrong_signature_is_refused(client: FlaskClient, installation: Installation) -> None:
    event = payloads.mailgun_event("complained")
    other = payloads.mailgun_request(event, "other" * 8)
    assert client.post("/mail/events/mailgun", json=other).status_code == 403
    body = json.dumps([payloads.sendgrid_event("spamreport")]).encode()
    headers = SIGNER.headers(body + b" ")
    assert client.post("/mail/events/sendgrid", data=body, headers=headers).status_code == 403
    assert client.post("/mail/events/sendgrid", data=body).status_code == 403
    forged = SnsSigner().notification(payloads.ses_complaint())
    assert client.post("/mail/events/ses", json=forged).status_code == 403
    assert stopped(installation) == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_its_setting_an_endpoint_does_not_exist(
    app: Flask, installation: Installation, name: str
) -> None:
    settings = replace(installation.settings, mail=MailSettings())
    closed = create_app(replace(installation, settings=settings))
    assert closed.test_client().post(f"/mail/events/{name}", json={}).status_code == 404
    closed.extensions["live"].close()


@pytest.mark.parametrize("name", ["postmark", "brevo", "mailgun", "ses"])
def test_a_body_that_is_too_large_or_no_json_is_refused(client: FlaskClient, name: str) -> None:
    for body, status in [(b"{", 400), (b"\xff", 400), (b" " * 1_100_000, 413)]:
        answer = client.post(f"/mail/events/{name}", data=body, headers=basic(SECRET))
        assert answer.status_code == status
        assert answer.json["error"]


def test_a_large_batch_is_taken_and_a_huge_one_is_not(client: FlaskClient) -> None:
    padded = [payloads.sparkpost_event("delivery", subject="x" * 2_000_000)]
    assert plainly("sparkpost")(client, padded).status_code == 200
    huge = b" " * (10 * 1024 * 1024 + 1)
    answer = client.post("/mail/events/sparkpost", data=huge, headers=basic(SECRET))
    assert answer.status_code == 413


# --- Amazon SNS -------------------------------------------------------------------------------


def test_a_subscription_is_confirmed_by_visiting_its_url(
    client: FlaskClient, amazon: SnsServer
) -> None:
    answer = client.post("/mail/events/ses", json=AMAZON.confirmation())
    assert (answer.status_code, answer.json) == (200, {"confirmed": payloads.TOPIC})
    [asked] = amazon.asked("/")
    assert "Action=ConfirmSubscription" in asked.target


def test_a_confirmation_that_amazon_does_not_take_is_tried_again(
    client: FlaskClient, amazon: SnsServer
) -> None:
    amazon.dies("/")
    assert client.post("/mail/events/ses", json=AMAZON.confirmation()).status_code == 503


def test_a_confirmation_elsewhere_is_refused(client: FlaskClient, amazon: SnsServer) -> None:
    elsewhere = AMAZON.confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription")
    assert client.post("/mail/events/ses", json=elsewhere).status_code == 403
    assert amazon.asked("/") == []


def test_raw_message_delivery_is_refused_with_a_clear_word(client: FlaskClient) -> None:
    headers = {"x-amz-sns-rawdelivery": "true"}
    answer = client.post("/mail/events/ses", json=payloads.ses_bounce(), headers=headers)
    assert answer.status_code == 403
    assert "raw message delivery" in answer.json["error"]
    # Without the header it is no message of SNS.
    answer = client.post("/mail/events/ses", json=payloads.ses_bounce())
    assert answer.status_code == 400
    assert "raw message delivery" in answer.json["error"]


def test_words_in_a_notification_and_the_end_of_a_subscription_are_ignored(
    client: FlaskClient,
) -> None:
    ended = AMAZON.confirmation(Type="UnsubscribeConfirmation")
    words = AMAZON.notification("Successfully validated SNS topic for Amazon SES event publishing.")
    for message in (ended, words):
        answer = client.post("/mail/events/ses", json=message)
        assert (answer.status_code, answer.json) == (200, APPLIED | {"applied": 0, "ignored": 1})
