"""Sync with the services in the settings: who left there first, then erasures, removals, new members and tags.

Each batch is committed after the service took it. A run that dies in between repeats at most one batch, which changes
nothing there. Called by the scheduled job and by `campaign subscribers sync`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from structlog import get_logger

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.core.list_settings import ListService, ListSettings
from campaign.core.locks import AdvisoryLock, release_session_lock, try_session_lock
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync import members
from campaign.list_sync.api_client import ListServiceBusy, ListServiceFailed, TimeBudget
from campaign.list_sync.brevo import BrevoClient
from campaign.list_sync.listmonk import ListmonkClient
from campaign.list_sync.mailchimp import MailchimpClient
from campaign.list_sync.people import (
    ListClient,
    RemoteMember,
    SubscriberProfile,
    in_batches,
)
from campaign.models import ListMember, ListServiceName, ListSyncState
from campaign.runtime.context import Installation

OVERLAP = timedelta(days=1)
"""How far before the last look to ask who left: clocks differ, and services write late."""
DEPARTURES = 200
"""Departures that are committed at once."""

log = get_logger(__name__)


@dataclass(frozen=True)
class SyncResult:
    """What a run did at one service; in a dry run, what it would do.

    `unfinished`: the next run goes on. `failed`: the service refused or could not be reached. `fault`: why, or ''.
    """

    service: ListServiceName
    left: int = 0
    erased: int = 0
    removed: int = 0
    added: int = 0
    retagged: int = 0
    refused: int = 0
    unfinished: bool = False
    failed: bool = False
    fault: str = ""

    @property
    def counts(self) -> dict[str, int]:
        names = ("left", "erased", "removed", "added", "retagged", "refused")
        return {name: number for name in names if (number := getattr(self, name))}


def clients(settings: ListSettings, rules: OutgoingRules) -> Iterator[ListClient]:
    """Yield a client for each service that is set up."""
    makers: list[tuple[ListService | None, Callable[[ListService, OutgoingRules], ListClient]]] = [
        (settings.mailchimp, MailchimpClient),
        (settings.brevo, BrevoClient),
        (settings.listmonk, ListmonkClient),
    ]
    for service, make in makers:
        if service is not None:
            yield make(service, rules)


def sync_all(
    installation: Installation,
    actor: Actor,
    *,
    patience: float | None = None,
    dry_run: bool = False,
) -> list[SyncResult]:
    """Sync with every service that is set up; one that fails stops no other. `patience`: seconds for all of them."""
    budget = TimeBudget(patience)
    results = []
    for client in clients(installation.settings.lists, installation.settings.outgoing):
        with closing(client), _alone(installation, client.name) as free:
            if not free:
                results.append(SyncResult(client.name, fault="Another sync is running."))
            elif dry_run:
                results.append(
                    _guarded(lambda run: run.preview(), _ServiceSync(installation, client, budget))
                )
            else:
                run = _ServiceSync(installation, client, budget)
                results.append(_guarded(lambda run: run.carry_out(), run))
                _note(installation, actor, results[-1])
    if not dry_run:
        _forget_unreachable(installation, [one.service for one in results])
    return results


def raise_failures(results: Sequence[SyncResult]) -> None:
    """Raise CampaignError if a service failed. A limit that is reached is none: the next run goes on."""
    failures = [f"{one.service}: {one.fault}" for one in results if one.failed]
    if failures:
        raise CampaignError("; ".join(failures))


@contextmanager
def _alone(installation: Installation, service: ListServiceName) -> Iterator[bool]:
    """Yield whether no other run is at work with this service."""
    number = list(ListServiceName).index(service)
    with installation.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
        free = try_session_lock(held, AdvisoryLock.LIST_SYNC, number)
        try:
            yield free
        finally:
            if free:
                release_session_lock(held, AdvisoryLock.LIST_SYNC, number)


def _guarded(work: "Callable[[_ServiceSync], None]", run: "_ServiceSync") -> SyncResult:
    """Do the work; return what was done, with the reason if it ended early."""
    try:
        work(run)
    except ListServiceBusy as error:
        run.wait_until(error.seconds)
        return replace(run.result, fault=str(error), unfinished=True)
    except ListServiceFailed as error:
        return replace(run.result, fault=str(error), unfinished=True, failed=True)
    return run.result


def _note(installation: Installation, actor: Actor, result: SyncResult) -> None:
    log.info("list_sync", service=result.service.value, fault=result.fault, **result.counts)
    if result.counts:
        with installation.sessions.begin() as session:
            subject = Subject("subscriber", result.service.value)
            record(session, actor, "subscribers.synced", subject, after=dict(result.counts))


def _forget_unreachable(installation: Installation, in_use: Sequence[ListServiceName]) -> None:
    """Delete the rows of erased people at services that are no longer set up: nobody can be asked there."""
    with installation.sessions.begin() as session:
        gone = session.scalars(
            delete(ListMember)
            .where(ListMember.erase, ListMember.service.not_in([one.value for one in in_use]))
            .returning(ListMember.service)
        ).all()
    if gone:
        log.warning("erased_people_remain_at_service", services=sorted(set(gone)), number=len(gone))


class _ServiceSync:
    """One run with one service."""

    def __init__(self, installation: Installation, client: ListClient, budget: TimeBudget) -> None:
        self._sessions = installation.sessions
        self._client = client
        self._budget = budget
        self.result = SyncResult(client.name)

    def carry_out(self) -> None:
        if self._must_wait():
            return
        # Before the departures: an erased person who also left there is not written down again.
        self._erase()
        self._take_departures()
        self._remove()
        self._push()

    def _must_wait(self) -> bool:
        """Whether the service asked us to wait longer."""
        with self._sessions() as session:
            state = session.get(ListSyncState, self._client.name.value)
        if state is None or state.not_before is None or state.not_before <= clock.now():
            return False
        words = f"{self._client.name} asked to wait until {state.not_before:%H:%M} UTC."
        self.result = replace(self.result, fault=words, unfinished=True)
        return True

    def wait_until(self, seconds: float) -> None:
        """Record that the service wants no request for so long."""
        self._save_state(not_before=clock.now() + timedelta(seconds=seconds))

    def _save_state(self, **values: object) -> None:
        with self._sessions.begin() as session:
            session.execute(
                insert(ListSyncState)
                .values(service=self._client.name.value, **values)
                .on_conflict_do_update(index_elements=["service"], set_=values)
            )

    def _count(self, **more: int) -> None:
        known = {name: getattr(self.result, name) + number for name, number in more.items()}
        self.result = replace(self.result, **known)

    def _take_departures(self) -> None:
        began = clock.now()
        with self._sessions() as session:
            state = session.get(ListSyncState, self._client.name.value)
        since = state.pulled_at - OVERLAP if state and state.pulled_at else None
        for batch in in_batches(self._client.departures(since), DEPARTURES):
            with self._sessions.begin() as session:
                known = members.record_departures(session, self._client.name, batch, clock.now())
            self._count(left=known)
        self._save_state(pulled_at=began, not_before=None)

    def _erase(self) -> None:
        for gone in self._batches(members.members_to_erase, self._erase_there):
            self._count(erased=gone)

    def _erase_there(self, found: Sequence[RemoteMember]) -> None:
        known = [one for one in found if one.email]
        if len(known) < len(found):
            number = len(found) - len(known)
            log.warning(
                "erased_people_remain_at_service", services=[self._client.name], number=number
            )
        self._client.erase(known)

    def _remove(self) -> None:
        for gone in self._batches(members.members_to_remove, self._client.remove):
            self._count(removed=gone)

    def _batches(
        self,
        find: Callable[..., Sequence[RemoteMember]],
        carry_out: Callable[[Sequence[RemoteMember]], None],
    ) -> Iterator[int]:
        """Carry out batches until none is left; yield the size of each."""
        while not self._out_of_time():
            with self._sessions() as session:
                found = find(session, self._client.name, self._client.batch)
            if not found:
                return
            carry_out(found)
            with self._sessions.begin() as session:
                members.forget_rows(session, self._client.name, found)
            yield len(found)

    def _push(self) -> None:
        last_id = 0
        while not self._out_of_time():
            with self._sessions() as session:
                waiting = members.waiting_members(session, self._client.name, last_id, clock.now())
            for people in in_batches(waiting.new, self._client.batch):
                if self._out_of_time():
                    return
                self._add(people)
            for changes in in_batches(waiting.changed, self._client.batch):
                if self._out_of_time():
                    return
                self._client.change_tags(changes)
                with self._sessions.begin() as session:
                    members.record_tags(session, self._client.name, changes)
                self._count(retagged=len(changes))
            last_id = waiting.last_id
            if not last_id:
                return

    def _add(self, people: Sequence[SubscriberProfile]) -> None:
        outcome = self._client.add(people)
        name, now = self._client.name, clock.now()
        with self._sessions.begin() as session:
            members.record_added(session, name, people, outcome, now)
            left = members.record_departures(session, name, outcome.left, now)
        self._count(added=len(outcome.accepted), refused=len(outcome.refused), left=left)
        for reason in sorted(set(outcome.refused.values())):
            log.warning("list_service_refused_address", service=name.value, reason=reason[:200])

    def _out_of_time(self) -> bool:
        if self._budget.over:
            self.result = replace(self.result, unfinished=True)
        return self.result.unfinished

    def preview(self) -> None:
        """Count what a run would do. The service is only asked who left."""
        with self._sessions() as session:
            state = session.get(ListSyncState, self._client.name.value)
            since = state.pulled_at - OVERLAP if state and state.pulled_at else None
            gone = {one.email.strip().lower() for one in self._client.departures(since)}
            news = {one for one in gone if members.is_news(session, self._client.name, one)}
            self._count(left=len(news))
            everyone = 1_000_000_000
            name = self._client.name
            self._count(
                erased=len(members.members_to_erase(session, name, everyone)),
                removed=len(members.members_to_remove(session, name, everyone)),
            )
            last_id, more = 0, True
            while more:
                waiting = members.waiting_members(session, name, last_id, clock.now())
                new = [one for one in waiting.new if one.key not in news]
                self._count(added=len(new), retagged=len(waiting.changed))
                last_id, more = waiting.last_id, bool(waiting.last_id)
