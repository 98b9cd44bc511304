"""Hypothesis' state machine: gifts begin and change, events arrive in any order, workers run and are killed."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
)

from campaign.donations.donations import Gift
from tests.histories.choices import (
    Delivery,
    FormEntry,
    form_entries,
    interruptions,
    picking,
    steps,
    workers,
)
from tests.histories.events import Pick, ReportedEvent
from tests.histories.giving import GiftHistory, MonthlyHistory
from tests.histories.model import BookedState, Terms, expected_state, figure
from tests.histories.world import CAMPAIGNS, Interruption, World

Worlds = Callable[[], AbstractContextManager[World]]


class Histories(RuleBasedStateMachine):
    """The books must match the reported facts, at every moment and at the end."""

    tried: ClassVar[Counter[str]] = Counter()
    gifts = Bundle("gifts")

    def __init__(self, worlds: Worlds) -> None:
        super().__init__()
        self._opened = worlds()
        self.world = self._opened.__enter__()
        self.histories: list[GiftHistory] = []
        self.waiting: list[ReportedEvent] = []
        self.reported: list[ReportedEvent] = []
        self.chance = random.Random(0)
        self.sound = True

    # No rule has a precondition, because hypothesis rejects examples in which too few rules apply.
    @initialize(
        target=gifts,
        several=st.lists(form_entries, min_size=3, max_size=6),
        seed=st.integers(0, 2**32 - 1),
        data=st.data(),
    )
    def open(
        self, several: list[FormEntry], seed: int, data: st.DataObject
    ) -> MultipleResults[GiftHistory]:
        """Begin the first gifts. `seed` sets the order in which the remaining events arrive at the end."""
        self.chance = random.Random(seed)
        return multiple(*(self._begin(one, picking(data)) for one in several))

    @rule(target=gifts, one=form_entries, data=st.data())
    def begin(self, one: FormEntry, data: st.DataObject) -> GiftHistory:
        """Another donor fills in the form."""
        return self._begin(one, picking(data))

    def _begin(self, one: FormEntry, pick: Pick) -> GiftHistory:
        """Begin a pending donation, and let things happen to it at Stripe."""
        attempt = self.world.attempt()
        gift = Gift(one.donor, one.amount, one.frequency, attempt, one.fee_cover, name="Ana Reyes")
        facts = self.world.begin(one.campaign, gift)
        one_time = one.frequency == "one_time"
        key = facts.donation.public_id
        terms = Terms(key, one.campaign, one.donor, one.amount, one.fee_cover, one_time)
        history = (GiftHistory if one_time else MonthlyHistory)(facts, terms, pick)
        self.histories.append(history)
        self._advance(history, 4, pick)
        return history

    @rule(gift=gifts, times=steps, data=st.data())
    def something_happens(self, gift: GiftHistory, times: int, data: st.DataObject) -> None:
        """Up to five things happen to a gift; their events are in transit."""
        self._advance(gift, times, picking(data))

    def _advance(self, history: GiftHistory, times: int, pick: Pick) -> None:
        for _ in range(times):
            possible = history.possible()
            if possible:
                name = pick(possible)
                self.tried[name.rpartition(".")[2]] += 1
                self.waiting += history.happen(name, pick)

    @rule(data=st.data(), working=workers, interruption=interruptions)
    def some_arrive(
        self, data: st.DataObject, working: int, interruption: Interruption | None
    ) -> None:
        """Some events in transit arrive, in any order and repeated, and workers process them until interrupted."""
        if not self.waiting:
            return
        places = data.draw(
            st.sets(st.integers(0, len(self.waiting) - 1), min_size=1, max_size=16), label="events"
        )
        counts = data.draw(st.integers(0, 8), label="repetition")
        deliveries = [
            Delivery(self.waiting[place], 1 + counts % 3, counts // 3) for place in sorted(places)
        ]
        self._deliver(deliveries)
        self.waiting = [one for at, one in enumerate(self.waiting) if at not in places]
        self._work(working, interruption)

    @rule(data=st.data())
    def one_is_replayed(self, data: st.DataObject) -> None:
        """Staff apply an event again, whether it was applied or not."""
        if not self.reported:
            return
        reported_event = data.draw(st.sampled_from(range(len(self.reported))), label="event")
        with self._recording_failures():
            self.world.replay(self.reported[reported_event].event["id"])
        self._check()

    @rule(working=workers, interruption=interruptions)
    def time_passes(self, working: int, interruption: Interruption | None) -> None:
        """Failed events become due again."""
        if not self.reported:
            return
        with self._recording_failures():
            self.world.make_due()
        self._work(working, interruption)

    def teardown(self) -> None:
        """All remaining events arrive, some repeatedly, and eight workers process them."""
        try:
            if self.sound:
                self._finish()
        finally:
            self._opened.__exit__(None, None, None)

    def _finish(self) -> None:
        left = [
            Delivery(one, self.chance.randint(1, 3), self.chance.randint(0, 2))
            for one in self.waiting
        ]
        self.chance.shuffle(left)
        self._deliver(left)
        for _ in range(2):
            self.world.make_due()
            self.world.work(8)
        assert not self.world.waiting()
        self._check()
        self.tried["histories played to their end"] += 1
        self.tried["gifts"] += len(self.histories)
        books = self.world.booked_states()
        for money in (one for history in self.histories for one in history.money):
            booked = books[money.terms.key].gift + books[money.terms.key].fee_cover
            assert booked == money.balance, f"{money.terms}: {booked}, the bank has {money.balance}"

    def _deliver(self, deliveries: list[Delivery]) -> None:
        events = [found for one in deliveries for found in one.events()]
        self.chance.shuffle(events)
        self.reported += [one.reported_event for one in deliveries]
        self.tried["events delivered"] += len(events)
        self.world.store(events)

    def _work(self, working: int, interruption: Interruption | None) -> None:
        self.tried[f"runs of {working} workers"] += 1
        self.tried["interruptions"] += interruption is not None
        with self._recording_failures():
            self.world.work(working, interruption)
        self._check()

    def _check(self) -> None:
        """Check the invariants and, if no event is waiting, compare the books with the model."""
        self.tried["looks"] += 1
        with self._recording_failures():
            self.world.audit()
            if not self.world.waiting():
                self.tried["looks with nothing left to do"] += 1
                self._compare()

    def _compare(self) -> None:
        expected: dict[str, tuple[Terms, BookedState]] = {}
        for terms in (one for history in self.histories for one in history.all_terms):
            facts = [fact for one in self.reported if one.key == terms.key for fact in one.facts]
            expected_for_gift = expected_state(terms, facts)
            if expected_for_gift is not None:
                expected[terms.key] = terms, expected_for_gift
        found = self.world.booked_states()
        for key, (terms, expected_for_gift) in expected.items():
            reported = [(one.event["type"], one.facts) for one in self.reported if one.key == key]
            assert found.get(key) == expected_for_gift, (
                f"{terms}\nfound {found.get(key)}\nought {expected_for_gift}\ntold {reported}"
            )
        assert found.keys() == expected.keys()
        for campaign in CAMPAIGNS:
            shown, sum_of_all = self.world.figure(campaign), figure(campaign, expected.values())
            assert shown == sum_of_all, f"{campaign} shows {shown}, the gifts make {sum_of_all}"

    def _recording_failures(self) -> AbstractContextManager[None]:
        return _FailureRecorder(self)


class _FailureRecorder:
    """Record a failure, so that teardown skips the final comparison."""

    def __init__(self, machine: Histories) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_more: object) -> None:
        if kind is not None:
            self._machine.sound = False
