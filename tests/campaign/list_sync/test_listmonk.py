"""listmonk's API: who is there already joins the list, unless they left it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync import listmonk
from campaign.list_sync.api_client import ListServiceFailed
from campaign.list_sync.listmonk import ListmonkClient
from campaign.list_sync.people import RemoteMember, SubscriberProfile, TagChange
from campaign.models import SuppressionReason
from tests.support.list_services import ListmonkServer

ANA = SubscriberProfile("Ana@example.org", "Ana Reyes", "es", ("donor", "campaign:winter"))
O_BRIEN = SubscriberProfile("o'brien@example.org", "", "en", ())


@pytest.fixture
def server() -> Iterator[ListmonkServer]:
    with ListmonkServer() as running:
        yield running


@pytest.fixture
def client(server: ListmonkServer) -> Iterator[ListmonkClient]:
    made = ListmonkClient(
        ListService(server.url, "for tests", "1", "campaign"), OutgoingRules(livemode=False)
    )
    yield made
    made.close()


def test_a_new_subscriber_is_confirmed_with_attributes_and_always_has_a_name(
    client: ListmonkClient, server: ListmonkServer
) -> None:
    outcome = client.add([ANA, O_BRIEN])
    assert outcome.accepted == {"ana@example.org": "1", "o'brien@example.org": "2"}
    ana, other = server.subscribers[1], server.subscribers[2]
    assert ana["lists"] == {1: "confirmed"}
    assert ana["attribs"] == {"donor": True, "campaigns": ["winter"]}
    assert (ana["name"], other["name"]) == ("Ana Reyes", "o'brien")


def test_who_is_there_already_joins_and_keeps_the_rest(
    client: ListmonkClient, server: ListmonkServer
) -> None:
    number = server.put("O'Brien@example.org", {9: "confirmed"}, attribs={"city": "Astoria"})
    assert client.add([O_BRIEN]).accepted == {"o'brien@example.org": str(number)}
    found = server.subscribers[number]
    assert found["lists"] == {9: "confirmed", 1: "confirmed"}
    assert found["attribs"] == {"city": "Astoria", "donor": False, "campaigns": []}


@pytest.mark.parametrize(
    ("lists", "status"), [({1: "unsubscribed"}, "enabled"), ({}, "blocklisted")]
)
def test_who_left_is_not_subscribed_again(
    client: ListmonkClient, server: ListmonkServer, lists: dict[int, str], status: str
) -> None:
    number = server.put("ana@example.org", lists, status)
    outcome = client.add([ANA])
    assert [(one.email, one.reason) for one in outcome.left] == [
        ("ana@example.org", SuppressionReason.unsubscribed)
    ]
    assert outcome.accepted == {}
    assert server.subscribers[number]["lists"] == lists


def test_a_refused_address_is_named_and_another_fault_ends_the_batch(
    client: ListmonkClient, server: ListmonkServer
) -> None:
    server.invalid.add(ANA.email)
    assert client.add([ANA]).refused == {"ana@example.org": "status 400"}
    server.limits = [(403, {})]
    with pytest.raises(ListServiceFailed, match="status 403"):
        client.add([ANA])


def test_who_left_is_listed_page_by_page_with_the_reason(
    client: ListmonkClient, server: ListmonkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listmonk, "PAGE", 2)
    server.put("a@example.org", {1: "unsubscribed"})
    for email, kinds in [("b", ["hard"]), ("c", ["soft", "complaint"]), ("d", ["soft"])]:
        number = server.put(f"{email}@example.org", {1: "unsubscribed"}, "blocklisted")
        server.bounces[number] = kinds
    server.put("e@example.org", {1: "confirmed", 2: "unsubscribed"})
    found = [(one.email[0], one.reason.value) for one in client.departures(datetime.now(UTC))]
    assert found == [
        ("a", "unsubscribed"),
        ("b", "bounced"),
        ("c", "complained"),
        ("d", "unsubscribed"),
    ]


def test_tags_removal_and_erasure_find_people_with_and_without_an_id(
    client: ListmonkClient, server: ListmonkServer
) -> None:
    client.add([ANA, O_BRIEN])
    client.change_tags(
        [TagChange(ANA.email, "", ANA.tags, ()), TagChange("x@example.org", "", (), ())]
    )
    assert server.subscribers[1]["attribs"] == {"donor": False, "campaigns": []}
    for _ in range(2):
        client.remove([RemoteMember("ana@example.org", "1"), RemoteMember("x@example.org", "")])
        client.erase([RemoteMember("o'brien@example.org", "")])
    assert server.subscribers[1]["lists"] == {}
    assert 2 not in server.subscribers
