"""Outgoing webhooks over real HTTP: signed, retried, sent once per event, and never for rolled-back changes."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, text, update
from standardwebhooks import Webhook, WebhookVerificationError

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.outgoing.connection import OutgoingRules
from campaign.integrations.deliveries import (
    BACKOFF,
    LEASE,
    DeliveryClaim,
    claim_next,
    mark_delivered,
    mark_failed,
)
from campaign.integrations.endpoints import EVENTS, add_endpoint, disable_endpoint
from campaign.integrations.webhook_sender import DeliveryFailed, post, send_due, signature_headers
from campaign.mailer.suppressions import remove_suppression, suppress
from campaign.models import (
    Campaign,
    StaffRole,
    Subscription,
    SuppressionReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from campaign.outreach.subscribers import remove_subscriber
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.real_logs import real_logs
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts
from tests.support.subscribers import subscribe

TEST_MODE = OutgoingRules(livemode=False)
ADMIN = Actor("admin@harbor-ledger.example", StaffRole.admin)


class Receiver(ThreadingHTTPServer):
    """A donor database that records deliveries and responds with the given statuses."""

    daemon_threads = True

    def __init__(self) -> None:
        self.shown: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        self.answer = b""
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks?from=campaign"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.shown]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.server.shown.append(
            ({name.lower(): value for name, value in self.headers.items()}, body)
        )
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def endpoint(receiver: Receiver, installation: Installation) -> WebhookEndpoint:
    with installation.sessions.begin() as session:
        return add_endpoint(session, receiver.url, EVENTS, ADMIN, TEST_MODE)


def log(installation: Installation) -> list[WebhookDelivery]:
    with installation.sessions() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def due_now(installation: Installation, **values: Any) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(next_attempt_at=clock.now(), **values))


def test_a_gift_and_its_refund_are_sent_and_signed_as_the_standard_requires(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    paid: Facts,
    store: Callable[..., None],
    installation: Installation,
) -> None:
    store(paid.refunded("re_1", 500))
    apply_due_events(installation)
    assert [send_due(installation), send_due(installation)] == [2, 0]
    first, second = receiver.bodies()
    assert (first["type"], second["type"]) == ("donation.paid", "donation.refunded")
    assert first["data"]["donation"]["email"] == "ana@example.org"
    assert first["data"]["donation"]["id"] == paid.donation.public_id
    for sent, amount in ((first, 2500), (second, -500)):
        assert set(sent) == {"type", "timestamp", "data"}
        assert set(sent["data"]) == {"donation", "amount", "currency"}
        assert (sent["data"]["amount"], sent["data"]["currency"]) == (amount, "usd")
    assert receiver.paths == ["/hooks?from=campaign"] * 2
    headers, body = receiver.shown[0]
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "campaign-webhooks/1"
    assert headers["host"] == receiver.url.split("/")[2]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    assert Webhook(endpoint.secret).verify(body, headers) == first
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body.replace(b"2500", b"9900"), headers)
    assert [one.state for one in log(installation)] == ["delivered", "delivered"]


def test_the_example_of_the_standard_has_the_expected_signature() -> None:
    claim = DeliveryClaim(
        id=1,
        attempts=1,
        public_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        url="https://crm.example.org/",
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        body={},
    )
    at = datetime.fromtimestamp(1614265330.75, UTC)
    assert signature_headers(claim, '{"test": 2432232314}', at) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_success_is_recorded_with_its_status(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    paid: Facts,
    installation: Installation,
    status: int,
) -> None:
    receiver.statuses = [status]
    assert send_due(installation) == 1
    (shown,) = log(installation)
    assert (shown.state, shown.last_status, shown.last_error) == ("delivered", status, None)
    assert shown.delivered_at is not None


@pytest.mark.parametrize("status", [500, 429, 300, 301, 404])
def test_a_failed_delivery_is_retried_with_the_same_id_and_body(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    paid: Facts,
    installation: Installation,
    status: int,
) -> None:
    receiver.statuses = [status]
    assert send_due(installation) == 1
    waiting = log(installation)[0]
    assert (waiting.state, waiting.attempts, waiting.last_status) == ("queued", 1, status)
    assert timedelta(seconds=5) < waiting.next_attempt_at - clock.now() < timedelta(seconds=13)
    assert send_due(installation) == 0
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE donation SET name = 'Somebody else'"))
    due_now(installation)
    assert send_due(installation) == 1
    (before, body), (after, again) = receiver.shown
    assert before["webhook-id"] == after["webhook-id"]
    assert body == again
    assert log(installation)[0].state == "delivered"


def test_after_three_days_it_fails_and_staff_can_resend_it(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    paid: Facts,
    installation: Installation,
    staff: StaffMaker,
) -> None:
    receiver.statuses = [500, 500]
    send_due(installation)
    due_now(installation, occurred_at=clock.now() - BACKOFF.patience - timedelta(minutes=1))
    send_due(installation)
    (failed,) = log(installation)
    assert failed.state == "failed"
    admin = staff()
    page = admin.get(f"/staff/webhooks/{endpoint.id}").text
    assert "status 500" in page
    assert 'campaign_webhook_deliveries{state="failed"} 1.0' in admin.get("/metrics").text
    again = f"/staff/webhooks/{endpoint.id}/deliveries/{failed.id}"
    for _ in range(2):
        assert admin.post_form(again).status_code == 303
    assert send_due(installation) == 1
    assert log(installation)[0].state == "delivered"


def test_a_gone_endpoint_gets_no_more_events(
    endpoint: WebhookEndpoint, receiver: Receiver, paid: Facts, give: Callable[..., Facts],
    store: Callable[..., None], installation: Installation,
) -> None:  # fmt: skip
    receiver.statuses = [410]
    send_due(installation)
    store(give("ben@example.org").completed())
    apply_due_events(installation)
    assert send_due(installation) == 0
    assert [one.state for one in log(installation)] == ["failed"]
    with installation.sessions() as session:
        assert session.get_one(WebhookEndpoint, endpoint.id).disabled_at is not None


def test_a_worker_that_dies_after_the_response_leads_to_a_second_delivery_after_the_lease(
    endpoint: WebhookEndpoint, receiver: Receiver, paid: Facts, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        claim = claim_next(session, endpoint.id, clock.now())
    assert claim is not None
    post(claim, TEST_MODE)
    assert send_due(installation) == 0
    with installation.sessions.begin() as session:
        ended = {"lease_until": clock.now(), "next_attempt_at": clock.now()}
        session.execute(update(WebhookDelivery).values(ended))
    assert send_due(installation) == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.shown}) == 1
    assert len(receiver.shown) == 2


def test_a_worker_whose_lease_expired_records_only_success(
    endpoint: WebhookEndpoint, paid: Facts, installation: Installation
) -> None:
    at = clock.now()
    with installation.sessions.begin() as session:
        slow = claim_next(session, endpoint.id, at)
        assert claim_next(session, endpoint.id, at) is None
        second = claim_next(session, endpoint.id, at + LEASE)
    assert slow is not None
    assert second is not None
    with installation.sessions.begin() as session:
        mark_failed(session, slow, 500, "late", at)
    (waiting,) = log(installation)
    assert (waiting.state, waiting.attempts, waiting.last_status) == ("sending", 2, None)
    with installation.sessions.begin() as session:
        mark_delivered(session, slow, 200, at)
        mark_failed(session, second, 500, "taken before", at)
    (shown,) = log(installation)
    assert (shown.state, shown.last_status, shown.lease_until) == ("delivered", 200, None)


def test_two_concurrent_workers_send_each_event_once(
    endpoint: WebhookEndpoint, receiver: Receiver, give: Callable[..., Facts], store: Callable[..., None],
    installation: Installation,
) -> None:  # fmt: skip
    store(*(give(f"reader{number}@example.org").completed() for number in range(12)))
    apply_due_events(installation)
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda _: send_due(installation), range(2))) == 12
    assert (
        len({headers["webhook-id"] for headers, _ in receiver.shown}) == len(receiver.shown) == 12
    )


def test_a_slow_endpoint_delays_no_other(
    endpoint: WebhookEndpoint, receiver: Receiver, installation: Installation, give: Callable[..., Facts],
    store: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("campaign.integrations.webhook_sender.TIMEOUT", 0.3)
    silent = ThreadingHTTPServer(("127.0.0.1", 0), Handler)  # it listens and never responds
    with installation.sessions.begin() as session:
        url = f"http://127.0.0.1:{silent.server_port}/"
        add_endpoint(session, url, ["donation.paid"], ADMIN, TEST_MODE)
    store(*(give(f"reader{number}@example.org").completed() for number in range(3)))
    apply_due_events(installation)
    assert send_due(installation) == 4
    assert len(receiver.shown) == 3
    silent.server_close()
    states = [one.state for one in log(installation) if one.endpoint_id != endpoint.id]
    assert states == ["queued"] * 3


def test_rolled_back_and_unsubscribed_events_are_not_sent(
    installation: Installation,
    give: Callable[..., Facts],
    receiver: Receiver,
    store: Callable[..., None],
) -> None:
    with installation.sessions.begin() as session:
        add_endpoint(session, receiver.url, ["subscription.ended"], ADMIN, TEST_MODE)
        off = add_endpoint(session, receiver.url + "&off", EVENTS, ADMIN, TEST_MODE)
        disable_endpoint(session, off.id, ADMIN, clock.now())
    store(give().completed())
    apply_due_events(installation)
    assert log(installation) == []


def test_the_end_of_a_monthly_gift_is_sent_once(
    endpoint: WebhookEndpoint, receiver: Receiver, paid: Facts, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        gift = Subscription(
            stripe_id="sub_1", campaign_id=paid.donation.campaign_id, donor_id=paid.donation.donor_id,
            frequency="monthly", amount=1000, currency="usd",
        )  # fmt: skip
        session.add(gift)
        session.flush()
        gift.state, gift.ended_at = "ended", clock.now()
    send_due(installation)
    assert [body["type"] for body in receiver.bodies()] == ["donation.paid", "subscription.ended"]
    assert receiver.bodies()[1]["data"]["subscription"]["id"] == "sub_1"


def test_in_live_mode_private_networks_are_not_reached(
    endpoint: WebhookEndpoint, receiver: Receiver, paid: Facts, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        session.execute(
            update(WebhookEndpoint).values(url=f"https://localhost:{receiver.server_port}/")
        )
        session.execute(update(WebhookDelivery).values(body={}))
    live = replace(installation.settings, stripe_secret_key="sk_live_1")
    assert send_due(replace(installation, settings=live)) == 1
    assert receiver.shown == []
    (waiting,) = log(installation)
    assert waiting.last_error == "the address is in a private or special network"


def test_nothing_that_a_receiver_answers_is_logged_or_stored(
    endpoint: WebhookEndpoint, receiver: Receiver, paid: Facts, installation: Installation,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Receivers repeat what they got: a donor's address in their answer, or in its reason."""
    receiver.statuses = [500]
    receiver.answer = b"ana@example.org was not saved"
    with real_logs():
        assert send_due(installation) == 1
    (waiting,) = log(installation)
    assert waiting.last_error == "status 500"
    shown = capsys.readouterr().err
    assert "webhook_not_taken" in shown
    assert "ana@" not in shown


def test_an_endpoint_that_does_not_answer_at_all_has_no_status() -> None:
    claim = DeliveryClaim(1, 1, "msg_1", "http://127.0.0.1:9", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZI", {})
    with pytest.raises(DeliveryFailed, match="the connection was refused") as failed:
        post(claim, TEST_MODE)
    assert failed.value.status is None


def test_staff_add_test_and_disable_an_endpoint(
    receiver: Receiver, installation: Installation, staff: StaffMaker
) -> None:
    admin = staff()
    wrong = admin.post_form("/staff/webhooks", {"url": "gopher://x"})
    assert wrong.status_code == 422
    assert "must start with https" in wrong.text
    form = {"url": receiver.url, "events": ["donation.paid"]}
    places = {admin.post_form("/staff/webhooks", form).headers["Location"] for _ in range(2)}
    (place,) = places
    assert "whsec_" in admin.get(place).text
    assert admin.post_form(f"{place}/test").status_code == 303
    assert send_due(installation) == 1
    assert receiver.bodies()[0]["type"] == "endpoint.test"
    assert admin.post_form(f"{place}/disable").status_code == 303
    assert "webhook endpoint disabled" in admin.get("/staff/audit?action=webhook_endpoint.").text
    assert admin.get("/staff/webhooks/999").status_code == 404


def reported(installation: Installation, receiver: Receiver) -> list[tuple[str, Any]]:
    """Send what is due; return the kind and the subscriber of each event that arrived so far."""
    send_due(installation)
    return [(one["type"], one["data"]["subscriber"]) for one in receiver.bodies()]


def test_consent_unsubscribing_and_consent_again_are_reported(
    endpoint: WebhookEndpoint, receiver: Receiver, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@example.org", name="Ana")
    [(kind, person)] = reported(installation, receiver)
    assert kind == "subscriber.consented"
    assert (person["email"], person["name"], person["locale"], person["consent_source"]) == (
        "Ana@example.org",
        "Ana",
        "en",
        "form",
    )
    assert datetime.fromisoformat(person["consent_at"]) == datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(2):
        with installation.sessions.begin() as session:
            suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    with installation.sessions.begin() as session:
        remove_suppression(session, "ana@example.org")
    kinds = [kind for kind, _ in reported(installation, receiver)]
    assert kinds == ["subscriber.consented", "subscriber.unsubscribed", "subscriber.consented"]


def test_a_suppression_says_why_and_for_which_campaign(
    endpoint: WebhookEndpoint, receiver: Receiver, installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.complained)
        reason = SuppressionReason.unsubscribed
        suppress(session, "ben@example.org", reason, campaign_id=campaign.id)
    assert reported(installation, receiver) == [
        (
            "subscriber.suppressed",
            {"email": "ana@example.org", "reason": "complained", "campaign": None},
        ),
        (
            "subscriber.unsubscribed",
            {"email": "ben@example.org", "reason": "unsubscribed", "campaign": campaign.slug},
        ),
    ]


def test_a_suppressed_person_on_a_list_has_not_consented(
    endpoint: WebhookEndpoint, receiver: Receiver, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.bounced)
        subscribe(session, "Ana@example.org")
        # Without consent there is nothing to report when a suppression is lifted.
        suppress(session, "donor@example.org", SuppressionReason.unsubscribed)
        remove_suppression(session, "donor@example.org")
    kinds = [kind for kind, _ in reported(installation, receiver)]
    assert kinds == ["subscriber.suppressed", "subscriber.unsubscribed"]


def test_a_person_removed_before_the_event_is_sent_is_still_in_it(
    endpoint: WebhookEndpoint, receiver: Receiver, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        remove_subscriber(session, "ana@example.org")
    [(_, person)] = reported(installation, receiver)
    assert person["email"] == "ana@example.org"
