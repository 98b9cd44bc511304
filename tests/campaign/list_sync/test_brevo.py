"""Brevo's API: attributes are created, the blocklist is never touched, and its reasons are read."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync import brevo
from campaign.list_sync.api_client import ListServiceFailed
from campaign.list_sync.brevo import BrevoClient
from campaign.list_sync.people import RemoteMember, SubscriberProfile, TagChange
from campaign.models import SuppressionReason
from tests.support.list_services import BrevoServer

ANA = SubscriberProfile(
    "Ana+news@example.org", "Ana Reyes", "es", ("donor", "campaign:spring", "campaign:winter")
)


@pytest.fixture
def server() -> Iterator[BrevoServer]:
    with BrevoServer() as running:
        yield running


@pytest.fixture
def client(server: BrevoServer) -> Iterator[BrevoClient]:
    made = BrevoClient(ListService(server.url, server.KEY, "3"), OutgoingRules(livemode=False))
    yield made
    made.close()


def test_a_contact_gets_the_list_and_attributes_that_are_created_once(
    client: BrevoClient, server: BrevoServer
) -> None:
    server.attributes["LASTNAME"] = "text"
    outcome = client.add([ANA])
    client.add([ANA])
    assert outcome.accepted == {"ana+news@example.org": "1"}
    found = server.contacts["ana+news@example.org"]
    assert found["listIds"] == [3]
    assert found["attributes"] == {
        "FIRSTNAME": "Ana",
        "LASTNAME": "Reyes",
        "DONOR": True,
        "CAMPAIGNS": "spring, winter",
    }
    created = [one for one in server.writes() if "attributes" in one]
    assert created == [
        "POST /contacts/attributes/normal/DONOR",
        "POST /contacts/attributes/normal/CAMPAIGNS",
    ]


def test_a_blocklisted_contact_stays_so(client: BrevoClient, server: BrevoServer) -> None:
    server.put("ana+news@example.org", emailBlacklisted=True)
    client.add([ANA])
    assert server.contacts["ana+news@example.org"]["emailBlacklisted"] is True


def test_a_refused_contact_is_named_and_another_fault_ends_the_batch(
    client: BrevoClient, server: BrevoServer
) -> None:
    server.invalid.add(ANA.email)
    assert client.add([ANA]).refused == {ANA.key: "status 400"}
    server.limits = [(403, {})]
    with pytest.raises(ListServiceFailed, match="status 403"):
        client.add([ANA])


def test_tags_change_in_one_request(client: BrevoClient, server: BrevoServer) -> None:
    client.add([ANA])
    server.asked.clear()
    client.change_tags(
        [TagChange(ANA.email, "1", ANA.tags, ()), TagChange("x@example.org", "", (), ())]
    )
    assert server.writes() == ["POST /contacts/batch"]
    found = server.contacts[ANA.key]["attributes"]
    assert (found["DONOR"], found["CAMPAIGNS"], found["FIRSTNAME"]) == (False, "", "Ana")


def test_who_left_is_listed_page_by_page_with_the_reason(
    client: BrevoClient, server: BrevoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brevo, "PAGE", 2)
    for email in ("unsubscribed", "complained", "bounced", "unknown"):
        server.put(f"{email}@example.org", emailBlacklisted=True)
    server.put("of-the-list@example.org", listUnsubscribed=[3])
    server.put("of-another@example.org", listUnsubscribed=[4])
    server.put("", SMS="+15035550100")
    server.stats = {
        "unsubscribed@example.org": {"unsubscriptions": {"userUnsubscription": [{}]}},
        "complained@example.org": {"complaints": [{}], "hardBounces": [{}]},
        "bounced@example.org": {"hardBounces": [{}], "complaints": []},
    }
    found = {one.email.partition("@")[0]: one.reason for one in client.departures(None)}
    assert found == {
        "unsubscribed": SuppressionReason.unsubscribed,
        "complained": SuppressionReason.complained,
        "bounced": SuppressionReason.bounced,
        "unknown": SuppressionReason.unsubscribed,
        "of-the-list": SuppressionReason.unsubscribed,
    }
    since = datetime(2027, 1, 1, tzinfo=UTC)
    assert list(client.departures(since)) == []


def test_removing_takes_off_the_list_and_erasing_deletes_and_both_may_be_repeated(
    client: BrevoClient, server: BrevoServer
) -> None:
    ben = SubscriberProfile("ben@example.org", "", "en", ())
    client.add([ANA, ben])
    for _ in range(2):
        client.remove([RemoteMember(ben.email, "")])
        client.erase([RemoteMember(ANA.key, "1")])
    assert server.contacts["ben@example.org"]["listIds"] == []
    assert ANA.key not in server.contacts
