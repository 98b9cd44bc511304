"""The sync with each service: consented people are there with their tags, and who leaves there leaves here."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.env_reader import Variables
from campaign.core.errors import CampaignError
from campaign.core.list_settings import ListSettings, read_lists
from campaign.core.locks import AdvisoryLock, try_session_lock
from campaign.list_sync import members
from campaign.list_sync.members import forget_members
from campaign.list_sync.run import SyncResult, raise_failures, sync_all
from campaign.mailer.suppressions import remove_suppression, suppress
from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    DonationState,
    ListMember,
    ListServiceName,
    ListSyncState,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from campaign.outreach.subscribers import remove_subscriber
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor
from tests.support.list_services import BrevoServer, ListmonkServer, MailchimpServer
from tests.support.subscribers import subscribe

ACTOR = Actor.command_line()
LATER = "2026-12-20T10:00:00+00:00"
LONG_AGO = "2020-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Service:
    """A stand-in, and what a test does and sees there."""

    server: Any
    listed: Callable[[], set[str]]
    tags: Callable[[str], set[str]]
    leave: Callable[..., None]
    known: Callable[[str], bool]


def mailchimp(server: MailchimpServer) -> Service:
    def leave(email: str, why: str = "unsubscribed", at: str = LATER) -> None:
        status = {"unsubscribed": "unsubscribed", "bounced": "cleaned"}.get(why, "unsubscribed")
        server.put(email, status, at)
        if why == "complained":
            server.complaints.append({"email_address": email, "date": at})

    return Service(
        server,
        lambda: {key for key, one in server.members.items() if one["status"] == "subscribed"},
        server.tags,
        leave,
        lambda email: email in server.members,
    )


def brevo(server: BrevoServer) -> Service:
    def leave(email: str, why: str = "unsubscribed", at: str = LATER) -> None:
        found: dict[str, Any] = {
            "complained": {"complaints": [{}]},
            "bounced": {"hardBounces": [{}]},
        }
        server.stats[email] = found.get(why, {})
        kept = server.contacts.get(email, {}).get("listIds", [])
        server.put(email, emailBlacklisted=True, modifiedAt=at, listIds=kept)

    def tags(email: str) -> set[str]:
        given = server.contacts[email]["attributes"]
        slugs = filter(None, given["CAMPAIGNS"].split(", "))
        return {f"campaign:{slug}" for slug in slugs} | ({"donor"} if given["DONOR"] else set())

    def listed() -> set[str]:
        rows = server.contacts.items()
        return {k for k, one in rows if 3 in one["listIds"] and not one["emailBlacklisted"]}

    return Service(server, listed, tags, leave, lambda email: email in server.contacts)


def listmonk(server: ListmonkServer) -> Service:
    def leave(email: str, why: str = "unsubscribed", at: str = LATER) -> None:
        row = server.find(email) or server.subscribers[server.put(email, {1: "confirmed"})]
        row["lists"] = {1: "unsubscribed"}
        if why != "unsubscribed":
            row["status"] = "blocklisted"
            server.bounces[row["id"]] = [{"complained": "complaint", "bounced": "hard"}[why]]

    def tags(email: str) -> set[str]:
        given = (server.find(email) or {})["attribs"]
        slugs = {f"campaign:{slug}" for slug in given["campaigns"]}
        return slugs | ({"donor"} if given["donor"] else set())

    def listed() -> set[str]:
        rows = server.subscribers.values()
        return {one["email"].lower() for one in rows if one["lists"].get(1) == "confirmed"}

    return Service(server, listed, tags, leave, lambda email: server.find(email) is not None)


SERVERS: dict[str, tuple[type[Any], Callable[[Any], Service]]] = {
    "mailchimp": (MailchimpServer, mailchimp),
    "brevo": (BrevoServer, brevo),
    "listmonk": (ListmonkServer, listmonk),
}


@pytest.fixture(params=SERVERS)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    make, seen = SERVERS[request.param]
    with make() as server:
        yield seen(server)


@pytest.fixture
def installation(installation: Installation, service: Service) -> Installation:
    return with_lists(installation, service.server.environ)


def with_lists(installation: Installation, environ: dict[str, str]) -> Installation:
    settings = replace(installation.settings, lists=read_lists(Variables(environ)))
    return replace(installation, settings=settings)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not wait; return the waits that were asked for."""
    waits: list[float] = []
    monkeypatch.setattr(clock, "pause", waits.append)
    return waits


def agree(installation: Installation, *emails: str, **changes: Any) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, *emails, **changes)


def sync(installation: Installation, **options: Any) -> SyncResult:
    [result] = sync_all(installation, ACTOR, **options)
    return result


def done(installation: Installation, **options: Any) -> dict[str, int]:
    result = sync(installation, **options)
    assert (result.fault, result.unfinished) == ("", False)
    return result.counts


def stopped(installation: Installation) -> dict[str, str]:
    with installation.sessions() as session:
        return {row.email: row.reason for row in session.scalars(select(Suppression))}


def gave(installation: Installation, campaign: Campaign, email: str, **changes: Any) -> None:
    with installation.sessions.begin() as session:
        add_donation(session, campaign, add_donor(session, email), **changes)


def test_people_who_agreed_are_added_with_their_tags_once(
    installation: Installation, service: Service, campaign: Campaign
) -> None:
    agree(installation, "Ana@example.org", "ben@example.org", name="Ana Reyes")
    gave(installation, campaign, "ana@example.org", state=DonationState.paid.value)
    assert done(installation) == {"added": 2}
    assert service.listed() == {"ana@example.org", "ben@example.org"}
    assert service.tags("ana@example.org") == {"donor", f"campaign:{campaign.slug}"}
    assert service.tags("ben@example.org") == set()
    before = service.server.writes()
    assert done(installation) == {}
    assert service.server.writes() == before


def test_nobody_without_consent_or_with_a_suppression_is_added(
    installation: Installation, service: Service, campaign: Campaign
) -> None:
    gave(installation, campaign, "donor@example.org", state=DonationState.paid.value)
    agree(installation, "gone@example.org", "one@example.org")
    with installation.sessions.begin() as session:
        suppress(session, "gone@example.org", SuppressionReason.bounced)
        # This one only wants nothing more about one campaign.
        reason = SuppressionReason.unsubscribed
        suppress(session, "one@example.org", reason, campaign_id=campaign.id)
    assert done(installation) == {"added": 1}
    assert service.listed() == {"one@example.org"}


def test_a_gift_and_its_refund_change_the_tags(
    installation: Installation, service: Service, campaign: Campaign
) -> None:
    agree(installation, "ana@example.org")
    done(installation)
    gave(installation, campaign, "ana@example.org", state=DonationState.paid.value)
    assert done(installation) == {"retagged": 1}
    assert service.tags("ana@example.org") == {"donor", f"campaign:{campaign.slug}"}
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(state=DonationState.refunded.value))
    assert done(installation) == {"retagged": 1}
    assert service.tags("ana@example.org") == set()
    assert done(installation) == {}


@pytest.mark.parametrize("why", ["unsubscribed", "bounced", "complained"])
def test_who_leaves_there_leaves_here_once(
    installation: Installation, service: Service, why: str
) -> None:
    agree(installation, "ana@example.org")
    done(installation)
    service.leave("ana@example.org", why)
    service.leave("stranger@example.org")
    assert done(installation) == {"left": 2}
    assert stopped(installation) == {"ana@example.org": why, "stranger@example.org": "unsubscribed"}
    # Lifted here, because the person agreed again: the old departure does not count twice, nor are they added there.
    with installation.sessions.begin() as session:
        remove_suppression(session, "ana@example.org")
    assert done(installation) == {}
    assert "ana@example.org" not in stopped(installation)
    assert "ana@example.org" not in service.listed()


def test_who_left_there_before_is_never_subscribed_there_again(
    installation: Installation, service: Service
) -> None:
    service.leave("ana@example.org")
    agree(installation, "ana@example.org", "ben@example.org")
    assert done(installation) == {"left": 1, "added": 1}
    assert service.listed() == {"ben@example.org"}


def test_who_agreed_here_after_leaving_there_stays_subscribed_here(
    installation: Installation, service: Service
) -> None:
    service.leave("ana@example.org", at=LONG_AGO)
    agree(installation, "ana@example.org")
    if isinstance(service.server, ListmonkServer):
        pytest.skip("listmonk does not say when")
    assert done(installation) == {}
    assert (stopped(installation), service.listed()) == ({}, set())


def test_who_leaves_here_is_taken_off_there_and_may_come_back(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org", "ben@example.org", "cy@example.org")
    done(installation)
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
        remove_subscriber(session, "ben@example.org")
    assert done(installation) == {"removed": 2}
    assert service.listed() == {"cy@example.org"}
    assert done(installation) == {}
    with installation.sessions.begin() as session:
        remove_suppression(session, "ana@example.org")
    assert done(installation) == {"added": 1}
    assert service.listed() == {"ana@example.org", "cy@example.org"}


def test_an_erased_person_is_deleted_there_and_forgotten_here(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org", "ben@example.org")
    done(installation)
    service.leave("left@example.org")
    done(installation)
    with installation.sessions.begin() as session:
        remove_subscriber(session, "ana@example.org")
        forget_members(session, ["ana@example.org", "left@example.org"])
    assert done(installation) == {"erased": 2}
    assert not service.known("ana@example.org")
    assert not service.known("left@example.org")
    with installation.sessions() as session:
        assert session.scalars(select(ListMember.email)).all() == ["ben@example.org"]


def test_someone_already_there_keeps_what_the_newsroom_wrote(
    installation: Installation, service: Service
) -> None:
    server = service.server
    if isinstance(server, MailchimpServer):
        server.put("ana@example.org", "subscribed")
        server.members["ana@example.org"]["merge_fields"] = {"FNAME": "Anita"}
    elif isinstance(server, BrevoServer):
        server.put("ana@example.org", listIds=[9], attributes={"CITY": "Astoria"})
    else:
        server.put("ana@example.org", {9: "confirmed"}, attribs={"city": "Astoria"})
    agree(installation, "ana@example.org", name="Ana")
    assert done(installation) == {"added": 1}
    assert service.listed() == {"ana@example.org"}
    if isinstance(server, MailchimpServer):
        assert server.members["ana@example.org"]["merge_fields"] == {"FNAME": "Anita"}
    elif isinstance(server, BrevoServer):
        found = server.contacts["ana@example.org"]
        assert (found["listIds"], found["attributes"]["CITY"]) == ([3, 9], "Astoria")
    else:
        found = server.find("ana@example.org")
        assert found["lists"] == {9: "confirmed", 1: "confirmed"}
        assert found["attribs"]["city"] == "Astoria"


def test_an_address_that_the_service_refuses_is_offered_again_after_a_week(
    installation: Installation, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.server.invalid.add("odd@example.org")
    agree(installation, "odd@example.org", "ana@example.org")
    assert done(installation) == {"added": 1, "refused": 1}
    assert done(installation) == {}
    service.server.invalid.clear()
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert done(installation) == {"added": 1}


def test_many_people_go_in_batches_and_time_that_runs_out_loses_nothing(
    installation: Installation, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "CHUNK", 7)
    people = [f"reader{number}@example.org" for number in range(20)]
    agree(installation, *people)
    late = sync(installation, patience=0)
    assert (late.counts, late.unfinished, late.failed) == ({}, True, False)
    assert done(installation) == {"added": 20}
    assert service.listed() == set(people)


def test_a_run_that_dies_after_the_service_took_a_batch_makes_no_doubles(
    installation: Installation, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(installation, "ana@example.org", "ben@example.org")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(members, "record_added", die)
        with pytest.raises(KeyboardInterrupt):
            sync(installation)
    assert service.listed() == {"ana@example.org", "ben@example.org"}
    assert done(installation) == {"added": 2}
    assert service.listed() == {"ana@example.org", "ben@example.org"}
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ListMember)) == 2


def test_an_answer_that_is_lost_is_asked_for_again_without_doubles(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org")
    service.server.lose_next = (
        "subscribe" if isinstance(service.server, MailchimpServer) else "create"
    )
    assert done(installation) == {"added": 1}
    assert service.listed() == {"ana@example.org"}


def test_a_short_limit_is_waited_for_and_a_long_one_ends_the_run(
    installation: Installation, service: Service, no_pauses: list[float]
) -> None:
    agree(installation, "ana@example.org")
    service.server.limits = [(429, {"Retry-After": "7"})]
    assert done(installation) == {"added": 1}
    assert no_pauses == [7.0]
    agree(installation, "ben@example.org")
    service.server.limits = [(429, {"Retry-After": "3600"})]
    late = sync(installation)
    assert (late.counts, late.unfinished, late.failed) == ({}, True, False)
    asked = len(service.server.asked)
    assert "asked to wait" in sync(installation).fault
    assert len(service.server.asked) == asked, "nobody is asked before the time is over"
    with installation.sessions.begin() as session:
        [state] = session.scalars(select(ListSyncState))
        assert timedelta(minutes=58) < state.not_before - clock.now() <= timedelta(hours=1)
        state.not_before = clock.now()
    assert done(installation) == {"added": 1}


def test_a_service_that_refuses_us_is_a_failure_that_says_so(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org")
    service.server.limits = [(403, {})]
    result = sync(installation)
    assert (result.failed, result.counts) == (True, {})
    assert "status 403" in result.fault
    with pytest.raises(CampaignError, match=f"{result.service}: .*status 403"):
        raise_failures([result])


def test_a_dry_run_counts_and_changes_nothing(
    installation: Installation, service: Service, campaign: Campaign
) -> None:
    agree(installation, "ana@example.org", "ben@example.org", "cy@example.org")
    done(installation)
    agree(installation, "new@example.org", "left@example.org")
    gave(installation, campaign, "ben@example.org", state=DonationState.paid.value)
    service.leave("left@example.org")
    with installation.sessions.begin() as session:
        remove_subscriber(session, "cy@example.org")
    writes, found = service.server.writes(), stopped(installation)
    plan = {"left": 1, "removed": 1, "added": 1, "retagged": 1}
    assert done(installation, dry_run=True) == plan
    assert (service.server.writes(), stopped(installation)) == (writes, found)
    assert done(installation) == plan


def test_a_second_run_at_the_same_time_leaves_it_to_the_first(
    installation: Installation, service: Service
) -> None:
    result = done(installation)
    with closing(installation.engine.connect()) as held:
        number = list(ListServiceName).index(sync(installation).service)
        assert try_session_lock(held, AdvisoryLock.LIST_SYNC, number)
        asked = len(service.server.asked)
        assert sync(installation).fault == "Another sync is running."
        assert len(service.server.asked) == asked
        held.rollback()
        held.invalidate()
    assert result == {}


def test_what_a_run_did_is_in_the_log_of_activity(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org")
    done(installation)
    done(installation)
    with installation.sessions() as session:
        [entry] = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "subscribers.synced")
        )
        assert entry.after == {"added": 1}


def test_a_failing_service_stops_no_other(installation: Installation) -> None:
    with MailchimpServer() as first, BrevoServer() as second:
        both = with_lists(installation, first.environ | second.environ)
        agree(both, "ana@example.org")
        first.limits = [(401, {})]
        results = sync_all(both, ACTOR)
        assert [(one.service.value, one.failed) for one in results] == [
            ("mailchimp", True),
            ("brevo", False),
        ]
        assert "ana@example.org" in second.contacts


def test_rows_of_erased_people_do_not_outlive_a_service_that_is_gone(
    installation: Installation, service: Service
) -> None:
    agree(installation, "ana@example.org", "ben@example.org")
    done(installation)
    with installation.sessions.begin() as session:
        forget_members(session, ["ana@example.org"])
    settings = replace(installation.settings, lists=ListSettings())
    assert sync_all(replace(installation, settings=settings), ACTOR) == []
    with installation.sessions() as session:
        assert session.scalars(select(ListMember.email)).all() == ["ben@example.org"]


def test_only_what_changed_since_the_last_look_is_asked_for(
    installation: Installation, service: Service
) -> None:
    done(installation)
    with installation.sessions() as session:
        [state] = session.scalars(select(ListSyncState))
    assert datetime.now(UTC) - state.pulled_at < timedelta(minutes=5)
    done(installation)
    names = {"mailchimp": "since_last_changed", "brevo": "modifiedSince"}
    name = names.get(state.service)
    if name:
        since = [one.value(name) for one in service.server.asked if name in one.query]
        day_before = (state.pulled_at - timedelta(days=1)).isoformat()[:16]
        assert since
        assert all(one.startswith(day_before) for one in since)


def test_two_runs_at_once_add_nobody_twice(installation: Installation, service: Service) -> None:
    agree(installation, *(f"reader{number}@example.org" for number in range(5)))
    threads = [threading.Thread(target=sync, args=(installation,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.listed()) == 5
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ListMember)) == 5
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 5
