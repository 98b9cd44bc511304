"""Mailchimp's API: batches that change nobody's status, tags as segments, archive and permanent deletion."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync import mailchimp
from campaign.list_sync.mailchimp import MailchimpClient
from campaign.list_sync.people import RemoteMember, SubscriberProfile, TagChange
from campaign.models import SuppressionReason
from tests.support.list_services import MailchimpServer

ANA = SubscriberProfile("Ana@example.org", "Ana Maria Reyes", "es", ("donor", "campaign:winter"))
BEN = SubscriberProfile("ben@example.org", "", "en", ())


@pytest.fixture
def server() -> Iterator[MailchimpServer]:
    with MailchimpServer() as running:
        yield running


@pytest.fixture
def client(server: MailchimpServer) -> Iterator[MailchimpClient]:
    made = MailchimpClient(
        ListService(server.url, server.KEY, server.LIST), OutgoingRules(livemode=False)
    )
    yield made
    made.close()


def test_new_people_are_one_request_with_names_language_and_tags(
    client: MailchimpClient, server: MailchimpServer
) -> None:
    outcome = client.add([ANA, BEN])
    assert outcome.accepted == {"ana@example.org": "", "ben@example.org": ""}
    assert len(server.asked) == 1
    found = server.members["ana@example.org"]
    assert (found["merge_fields"], found["language"]) == (
        {"FNAME": "Ana", "LNAME": "Maria Reyes"},
        "es",
    )
    assert server.tags("ana@example.org") == {"donor", "campaign:winter"}


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "pending", "subscribed"])
def test_the_status_of_who_is_there_already_does_not_change(
    client: MailchimpClient, server: MailchimpServer, status: str
) -> None:
    server.put("ana@example.org", status)
    assert client.add([ANA]).accepted == {"ana@example.org": ""}
    assert server.status("ana@example.org") == status
    assert server.tags("ana@example.org") == {"donor", "campaign:winter"}


def test_a_refused_address_is_named_with_the_reason(
    client: MailchimpClient, server: MailchimpServer
) -> None:
    server.invalid.add("ben@example.org")
    outcome = client.add([ANA, BEN])
    assert outcome.refused == {"ben@example.org": "ERROR_GENERIC"}
    assert list(outcome.accepted) == ["ana@example.org"]


def test_tags_of_many_people_are_one_request_a_tag_and_other_tags_stay(
    client: MailchimpClient, server: MailchimpServer
) -> None:
    people = [SubscriberProfile(f"r{n}@example.org", "", "en", ("donor",)) for n in range(3)]
    client.add(people)
    server._segment("volunteer")["members"].add("r0@example.org")
    server.asked.clear()
    changes = [TagChange(one.email, "", ("donor",), ("donor", "campaign:spring")) for one in people]
    changes[2] = TagChange("r2@example.org", "", ("donor",), ())
    client.change_tags(changes)
    assert server.tags("r0@example.org") == {"donor", "campaign:spring", "volunteer"}
    assert server.tags("r2@example.org") == set()
    assert len(server.writes()) == 3, "the new tag, its members, and who lost one"


def test_who_left_is_listed_page_by_page_complaints_first(
    client: MailchimpClient, server: MailchimpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailchimp, "PAGE", 2)
    for number in range(3):
        server.put(f"u{number}@example.org", "unsubscribed")
    server.put("c@example.org", "cleaned")
    server.put("stays@example.org", "subscribed")
    server.put("old@example.org", "unsubscribed", "2020-01-01T00:00:00+00:00")
    server.complaints.append(
        {"email_address": "u1@example.org", "date": "2026-12-01T00:00:00+00:00"}
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    found = [(one.email, one.reason) for one in client.departures(since)]
    assert found == [
        ("u1@example.org", SuppressionReason.complained),
        ("c@example.org", SuppressionReason.bounced),
        *[(f"u{n}@example.org", SuppressionReason.unsubscribed) for n in range(3)],
    ]
    assert "old@example.org" in [one.email for one in client.departures(None)]


def test_removing_archives_and_erasing_deletes_for_good_and_both_may_be_repeated(
    client: MailchimpClient, server: MailchimpServer
) -> None:
    client.add([ANA, BEN])
    for _ in range(2):
        client.remove([RemoteMember("Ana@example.org", "")])
        client.erase([RemoteMember("ben@example.org", ""), RemoteMember("nobody@example.org", "")])
    assert server.status("ana@example.org") == "archived"
    assert server.erased == ["ben@example.org"]
    # Archived people may be added again.
    client.add([ANA])
    assert server.status("ana@example.org") == "subscribed"
