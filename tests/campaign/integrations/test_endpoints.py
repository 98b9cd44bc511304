"""Webhook endpoints: valid URLs, changes, disabling."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.core.outgoing.connection import OutgoingRules
from campaign.integrations.endpoints import (
    EVENTS,
    LONGEST_URL,
    TEST,
    add_endpoint,
    disable_endpoint,
    find_endpoint,
    list_endpoints,
    queue_test,
)
from campaign.models import AuditEntry, StaffRole, WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.support.locks import waits_for_a_lock

LIVE, TEST_MODE = OutgoingRules(livemode=True), OutgoingRules(livemode=False)
ADMIN = Actor("admin@harbor-ledger.example", StaffRole.admin)
URL = "https://crm.example.org/hook"


def add(session: Session, *events: str, url: str = URL) -> WebhookEndpoint:
    return add_endpoint(session, url, events or EVENTS, ADMIN, LIVE)


def noted(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("url", "livemode"),
    [
        ("http://crm.example.org/", True),
        ("ftp://crm.example.org/", False),
        ("https://", False),
        ("https://user:pw@crm.example.org/", False),
        ("https://crm.example.org/\n", False),
        ("https://[::1", False),
    ],
)
def test_an_invalid_url_is_rejected(installation: Installation, url: str, livemode: bool) -> None:
    with installation.sessions() as session:
        if url.endswith("\n"):
            assert (
                add_endpoint(session, url, EVENTS, ADMIN, OutgoingRules(livemode=livemode)).url
                == url.strip()
            )
            return
        with pytest.raises(FieldsInvalid) as refused:
            add_endpoint(session, url, EVENTS, ADMIN, OutgoingRules(livemode=livemode))
    assert "url" in refused.value.faults


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://crm.example.org:-1/", "Enter a valid URL."),
        ("https://user@crm.example.org/", "needs a host"),
        ("https://:443/", "needs a host"),
        ("http://crm.example.org/", "must start with https://"),
        ("HTTPS://crm.example.org:0/", "needs a host"),
        ("https://crm.example.org/#top", "needs a host"),
        ("https://crm.example.org/a b", "has invalid characters"),
        ("https://crm.example.org/\x7f", "has invalid characters"),
        ("https://crm.example.org:99999/", "Enter a valid URL."),
        ("https://e.org/".ljust(LONGEST_URL + 1, "x"), "too long"),
    ],
)
def test_a_rejected_url_gets_the_reason(installation: Installation, url: str, said: str) -> None:
    with installation.sessions() as session, pytest.raises(FieldsInvalid) as refused:
        add(session, url=url)
    assert list(refused.value.faults) == ["url"]
    assert said in refused.value.faults["url"]


def test_the_longest_url_is_accepted_and_test_mode_allows_http(
    installation: Installation,
) -> None:
    with installation.sessions() as session:
        longest = "https://e.org/".ljust(LONGEST_URL, "x")
        assert len(longest) == 2000
        assert add(session, url=longest).url == longest
        assert add(session, url="https://e.org:1/").url == "https://e.org:1/"
        plain = add_endpoint(session, "http://localhost:8000/", EVENTS, ADMIN, TEST_MODE)
        assert plain.disabled_at is None


@pytest.mark.parametrize("events", [(), ("donation.paid", "donation.lost"), (TEST,)])
def test_events_must_be_known_and_all_errors_are_reported_together(
    installation: Installation, events: tuple[str, ...]
) -> None:
    with installation.sessions() as session, pytest.raises(FieldsInvalid) as refused:
        add_endpoint(session, "ftp://x", events, ADMIN, LIVE)
    assert list(refused.value.faults) == ["url", "events"]


def test_the_same_url_again_is_the_same_endpoint_with_the_new_events(
    installation: Installation,
) -> None:
    with installation.sessions() as session:
        first = add(session, "subscription.ended", "donation.paid")
        assert first.events == ["donation.paid", "subscription.ended"]
        secret = first.secret
        assert add(session, "donation.paid", "subscription.ended").id == first.id
        assert noted(session) == ["webhook_endpoint.added"]
        again = add(session, "donation.refunded", url=f" {URL} ")
        assert (again.id, again.secret, again.events) == (first.id, secret, ["donation.refunded"])
        assert noted(session) == ["webhook_endpoint.added", "webhook_endpoint.changed"]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.before == {"events": ["donation.paid", "subscription.ended"]}
        assert "whsec_" not in str(session.scalars(select(AuditEntry.after)).all())


def test_each_endpoint_has_a_secret_of_32_random_bytes(installation: Installation) -> None:
    with installation.sessions() as session:
        secrets = [add(session, url=f"{URL}/{number}").secret for number in range(2)]
    assert len({base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets}) == 2
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}


def test_a_disabled_endpoint_is_listed_last_and_can_be_added_again(
    installation: Installation,
) -> None:
    at = now()
    with installation.sessions() as session:
        first, second = add(session), add(session, url=f"{URL}/2")
        assert disable_endpoint(session, first.id, ADMIN, at)
        assert not disable_endpoint(session, first.id, ADMIN, now())
        assert first.disabled_at == at
        assert noted(session).count("webhook_endpoint.disabled") == 1
        anew = add(session)
        assert anew.id not in {first.id, second.id}
        assert [one.id for one in list_endpoints(session)] == [second.id, anew.id, first.id]
        with pytest.raises(NotFound, match="is disabled"):
            queue_test(session, first.id, ADMIN)


def test_every_change_of_an_endpoint_is_recorded_with_who_made_it(
    installation: Installation,
) -> None:
    with installation.sessions() as session:
        other, endpoint = add(session, url=f"{URL}/other"), add(session, "donation.paid")
        add(session, "donation.refunded")
        queue_test(session, endpoint.id, ADMIN)
        disable_endpoint(session, endpoint.id, ADMIN, now())
        query = select(AuditEntry).where(AuditEntry.subject_key != str(other.id))
        entries = session.scalars(query.order_by(AuditEntry.id)).all()
        assert endpoint.created_by == ADMIN.name
        assert other.events == list(EVENTS)
    assert {(one.actor, one.subject_kind, one.subject_key) for one in entries} == {
        (ADMIN.name, "webhook_endpoint", str(endpoint.id))
    }
    assert [(one.action.rpartition(".")[2], one.before, one.after) for one in entries] == [
        ("added", {}, {"url": URL, "events": ["donation.paid"]}),
        ("changed", {"events": ["donation.paid"]}, {"events": ["donation.refunded"]}),
        ("tested", {}, {}),
        ("disabled", {}, {}),
    ]


def test_two_who_disable_an_endpoint_wait_for_each_other_and_one_of_them_did_it(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        number = add(session).id

    def disable() -> bool:
        with installation.sessions.begin() as session:
            return disable_endpoint(session, number, ADMIN, now())

    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as first:
            assert disable_endpoint(first, number, ADMIN, now())
            first.flush()
            second = pool.submit(disable)
            assert waits_for_a_lock(installation, second)
        assert not second.result(60)
    with installation.sessions() as session:
        assert noted(session).count("webhook_endpoint.disabled") == 1


def test_the_events_are_those_that_integrators_were_told() -> None:
    assert EVENTS == (
        "donation.paid",
        "donation.refunded",
        "subscription.ended",
        "subscriber.consented",
        "subscriber.unsubscribed",
        "subscriber.suppressed",
    )


def test_each_test_event_is_a_new_delivery(installation: Installation) -> None:
    with installation.sessions() as session:
        endpoint = add(session)
        one, other = (queue_test(session, endpoint.id, ADMIN) for _ in range(2))
        assert (one.kind, one.endpoint_id) == (TEST, endpoint.id)
        assert one.subject_key != other.subject_key
        assert one.id < other.id
        assert len(session.scalars(select(WebhookDelivery)).all()) == 2
        assert noted(session)[1:] == ["webhook_endpoint.tested"] * 2
        with pytest.raises(NotFound, match="no endpoint 999"):
            find_endpoint(session, 999)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "crm", "crm.internal", "10.0.0.1", "169.254.169.254", "2130706433", "127.1"),
        *("[::1]", "[64:ff9b::7f00:1]", "[::ffff:10.0.0.1]", "metadata.google.internal", "0x7f.1"),
    ],
)
def test_in_live_mode_a_url_of_the_inside_is_rejected_when_it_is_typed(
    installation: Installation, host: str
) -> None:
    url = f"https://{host}/hook"
    with installation.sessions() as session:
        with pytest.raises(FieldsInvalid) as refused:
            add(session, url=url)
        assert refused.value.faults["url"] == "The URL is in a private or special network."
        named = OutgoingRules(private_hosts=frozenset({host.strip("[]")}))
        assert add_endpoint(session, url, EVENTS, ADMIN, named).url == url
