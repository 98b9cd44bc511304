"""What an attempt to give costs: nothing for readers, a price that rises for thieves."""

from dataclasses import replace

import pytest

from campaign.card_testing.policy import (
    Counts,
    Level,
    LevelCounts,
    SourceCounts,
    is_bad_mailbox,
    is_bad_network,
    level_of,
    weigh,
)

CALM = Counts()
ATTACK = LevelCounts(unpaid=2_000, paid=50, declined=0)


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        (LevelCounts(), Level.calm),
        # The first wave of a newsletter: nobody has paid yet.
        (LevelCounts(unpaid=200), Level.calm),
        (LevelCounts(unpaid=499), Level.calm),
        (LevelCounts(unpaid=500), Level.raised),
        (LevelCounts(unpaid=900), Level.attack),
        # A great day: as many still choose a card as have paid.
        (LevelCounts(unpaid=2_000, paid=2_000), Level.calm),
        (LevelCounts(unpaid=2_000, paid=749), Level.raised),
        # Some cards are declined on any day, fewer than are accepted.
        (LevelCounts(unpaid=50, paid=100, declined=60), Level.calm),
        (LevelCounts(paid=5, declined=12), Level.raised),
        (LevelCounts(paid=11, declined=11), Level.calm),
        (LevelCounts(paid=39, declined=40), Level.attack),
        (LevelCounts(paid=40, declined=40), Level.calm),
    ],
)
def test_the_level_is_what_stays_unpaid_and_declined_beyond_what_is_paid(
    counts: LevelCounts, level: Level
) -> None:
    assert level_of(counts) is level


def test_two_hundred_people_within_seconds_are_not_stopped_even_behind_one_address() -> None:
    for opened in range(200):
        source = SourceCounts(unpaid=opened)
        counts = Counts(LevelCounts(unpaid=opened), network=source, prefix=source)
        assert weigh(counts, trapped=False).kind == "none", opened


def test_a_librarys_sixty_donors_are_never_asked_even_while_thieves_are_at_work_elsewhere() -> None:
    """They come over an hour: a few have the payment page open at any time, and the others have paid."""
    for donor in range(60):
        here = SourceCounts(unpaid=min(donor, 6), paid=max(0, donor - 6), declined=donor // 10)
        counts = Counts(LevelCounts(unpaid=700, paid=60), network=here, prefix=here)
        assert weigh(counts, trapped=False).kind == "none", donor
    there = Counts(ATTACK, network=here, prefix=here)
    assert weigh(there, trapped=False).kind == "none"


@pytest.mark.parametrize(
    ("unpaid", "kind"), [(299, "none"), (300, "proof"), (499, "proof"), (500, "refuse")]
)
def test_one_network_that_never_pays_is_asked_and_then_refused(unpaid: int, kind: str) -> None:
    counts = Counts(network=SourceCounts(unpaid=unpaid))
    assert weigh(counts, trapped=False).kind == kind


@pytest.mark.parametrize(
    ("level", "free", "refused"),
    [
        (LevelCounts(unpaid=500), 40, 120),
        (LevelCounts(unpaid=900), 0, 30),
    ],
)
def test_an_attack_leaves_each_network_less(level: LevelCounts, free: int, refused: int) -> None:
    def kind(unpaid: int, paid: int = 0) -> str:
        source = SourceCounts(unpaid=unpaid, paid=paid)
        return weigh(Counts(level, network=source, prefix=source), trapped=False).kind

    if free:
        assert kind(free - 1) == "none"
    assert kind(free) == "proof"
    assert kind(refused - 1) == "proof"
    assert kind(refused) == "refuse"
    assert kind(free, paid=1) == "none"
    assert kind(refused + 2, paid=1) != "refuse"


def test_a_wider_network_counts_too_but_is_never_refused_for_it() -> None:
    assert weigh(Counts(prefix=SourceCounts(unpaid=599)), trapped=False).kind == "none"
    assert weigh(Counts(prefix=SourceCounts(unpaid=600)), trapped=False).kind == "proof"
    assert weigh(Counts(prefix=SourceCounts(unpaid=9_000)), trapped=False).kind == "proof"


@pytest.mark.parametrize(
    ("mailbox", "kind"),
    [
        (SourceCounts(unpaid=5), "none"),
        (SourceCounts(unpaid=6), "proof"),
        (SourceCounts(unpaid=25), "refuse"),
        (SourceCounts(unpaid=25, paid=1), "proof"),
        # A search for an amount that passes.
        (SourceCounts(unpaid=3, amounts=3), "none"),
        (SourceCounts(unpaid=4, amounts=4), "proof"),
        (SourceCounts(unpaid=4, amounts=4, paid=1), "none"),
        (SourceCounts(unpaid=1, declined=4), "none"),
        (SourceCounts(unpaid=1, declined=5), "proof"),
    ],
)
def test_one_mailbox_may_change_its_mind_and_not_search(mailbox: SourceCounts, kind: str) -> None:
    assert weigh(Counts(mailbox=mailbox), trapped=False).kind == kind


@pytest.mark.parametrize(
    ("network", "bad"),
    [
        (SourceCounts(declined=9), False),
        (SourceCounts(declined=10), True),
        (SourceCounts(declined=10, paid=5), False),
        (SourceCounts(declined=11, paid=5), True),
    ],
)
def test_a_network_is_bad_by_declined_cards_beyond_twice_its_paid_gifts(
    network: SourceCounts, bad: bool
) -> None:
    assert is_bad_network(network) is bad
    demand = weigh(Counts(network=network), trapped=False)
    assert demand.kind == ("proof" if bad else "none")
    assert demand.seconds == (180 if bad else 0)
    more = weigh(Counts(network=replace(network, unpaid=10)), trapped=False)
    assert more.kind == ("refuse" if bad else "none")


def test_a_mailbox_that_has_paid_more_often_than_it_was_declined_is_not_bad() -> None:
    assert is_bad_mailbox(SourceCounts(declined=5, paid=4))
    assert not is_bad_mailbox(SourceCounts(declined=5, paid=5))


def test_a_field_that_nobody_sees_costs_a_long_wait() -> None:
    demand = weigh(CALM, trapped=True)
    assert (demand.kind, demand.seconds) == ("proof", 180)


def test_in_a_siege_every_network_without_a_paid_gift_is_asked() -> None:
    assert weigh(Counts(siege=True), trapped=False).kind == "proof"
    paid = SourceCounts(paid=1)
    assert weigh(Counts(siege=True, network=paid, prefix=paid), trapped=False).kind == "none"


def test_the_price_rises_with_the_attack_and_stays_below_what_a_person_can_bear() -> None:
    demands = [
        weigh(Counts(LevelCounts(unpaid=unpaid)), trapped=False) for unpaid in (900, 2_700, 90_000)
    ]
    assert [one.kind for one in demands] == ["proof"] * 3
    assert [one.seconds for one in demands] == [20, 60, 300]
    assert [one.difficulty for one in demands] == [250, 500, 500]
    declined = weigh(Counts(LevelCounts(declined=300)), trapped=False)
    assert (declined.seconds, declined.difficulty) == (60, 500)
