"""Each rule of the books, broken behind the service's back, is told in a sentence with both figures."""

from collections.abc import Callable

import pytest

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN
from tests.support.ledger import overwrite, tell_paid, tell_refund
from tests.support.offline_gifts import Enter
from tests.support.stripe import Facts


def sentences(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(broken_invariants(session))


BREACHES: dict[str, tuple[str, str]] = {
    "a shard's sum": (
        "UPDATE progress_shard SET raised = raised + 1",
        "campaign nine-days: the entries sum to 2500, the kept shards to 2501",
    ),
    "a shard's gifts": (
        "UPDATE progress_shard SET donations = donations + 1",
        "campaign nine-days: 1 donations and 1 donors by the entries, 2 and 1 by the kept shards",
    ),
    "a shard's donors": (
        "UPDATE progress_shard SET donors = donors - 1",
        "campaign nine-days: 1 donations and 1 donors by the entries, 1 and 0 by the kept shards",
    ),
    "what was given": (
        "UPDATE donation SET amount = 2499, fee_cover = 107",
        "gave 2499 and 107 for the fees, its payment in the ledger is 2500 and 106",
    ),
    "a state": (
        "UPDATE donation SET state = 'refunded'",
        "is refunded, its entries say paid",
    ),
    "a paid gift without its entry": (
        "DELETE FROM ledger_entry",
        "is paid, its entries say unpaid",
    ),
    "a refund that was told": (
        """
        INSERT INTO charge (stripe_id, donation_id, amount, refunded, currency)
        SELECT 'ch_1', id, 2606, 700, 'usd' FROM donation
        """,
        "Stripe told of 700 refunded, the ledger books 0",
    ),
    "a receipt that is missing": (
        "DELETE FROM receipt",
        "has 0 first receipts, and the ledger has 1 payments of it",
    ),
    "what a receipt acknowledges": (
        "UPDATE receipt SET amount = amount - 1",
        "acknowledges 2605, by the ledger 2606 is left",
    ),
    "a gap in the numbers": (
        "UPDATE receipt_counter SET last = last + 1",
        "1 issued, the highest is 1, the counter stands at 2",
    ),
    "a receipt's message": ("DELETE FROM outbox_message", "has 0 messages in the outbox"),
    "a result that was frozen": (
        "UPDATE campaign SET finalized_at = '2026-12-31T00:00Z', final_raised = 2501",
        "was made final at 2501, its entries but for corrections sum to 2500",
    ),
    "a tally": (
        "UPDATE gift_tally SET amount = amount + 1 WHERE kind = 'hour'",
        "campaign nine-days: by hour its tallies sum to 2501 of 1 gifts, its kept shards to 2500 of 1",
    ),
    "what a tally received": (
        "UPDATE gift_tally SET received = received - 1 WHERE kind = 'size'",
        "campaign nine-days: by size its tallies have 1 payments of 2499, its entries 1 of 2500",
    ),
    "who gave before": (
        "UPDATE progress_shard SET gave_before = 1",
        "campaign nine-days: 0 of its donors gave before, its kept shards have 1",
    ),
}


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A gift of $25 and $1.06 for fees that was paid."""
    facts = give(fee_cover=106)
    tell_paid(installation, facts)
    return facts


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize("name", BREACHES)
def test_a_rule_that_is_broken_is_told_with_both_figures(
    installation: Installation, name: str
) -> None:
    assert sentences(installation) == []
    statement, said = BREACHES[name]
    overwrite(installation, statement)
    assert [one for one in sentences(installation) if said in one], sentences(installation)


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize(("minutes", "stuck"), [(59, False), (61, True)])
def test_a_message_is_stuck_an_hour_after_it_was_due(
    installation: Installation, minutes: int, stuck: bool
) -> None:
    overwrite(
        installation,
        "UPDATE outbox_message SET next_attempt_at = now() - make_interval(mins => :minutes)",
        minutes=minutes,
    )
    assert [("no worker takes it" in one) for one in sentences(installation)] == [True] * stuck
    overwrite(installation, "UPDATE outbox_message SET state = 'sent', sent_at = now()")
    assert sentences(installation) == []


def test_what_a_matching_gift_counts_is_the_entries_of_its_window(
    installation: Installation, campaign: Campaign, gift: Facts
) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        add_matching_gift(session, found, MatchingGiftFields("The Smiths", "5000"), ADMIN, now())
    tell_refund(installation, gift, gift.refund("a", 700))
    assert sentences(installation) == []
    overwrite(installation, "UPDATE matching_shard SET given = given + 1")
    assert sentences(installation) == [
        "campaign nine-days: the entries in the window of The Smiths sum to 1800, its kept shards to 1801"
    ]


def test_an_offline_gift_that_was_taken_back_has_entries_that_say_so(
    installation: Installation, enter: Enter
) -> None:
    enter(reference="1042")
    assert sentences(installation) == []
    overwrite(
        installation,
        "UPDATE offline_gift SET reversal_reason = 'bounced', reversed_on = received_on",
    )
    (one,) = sentences(installation)
    assert one.startswith("offline gift 1042 of donation ")
    assert one.endswith(": taken back bounced, its entries took 0 of 5000 back")


def test_every_campaign_is_told_that_breaks_a_rule(
    installation: Installation, gift: Facts, campaign: Campaign
) -> None:
    overwrite(installation, "DELETE FROM progress_shard")
    broken = sentences(installation)
    # By sum, by count, and by each of the four tallies.
    assert len(broken) == 6
    assert all(one.startswith("campaign nine-days") for one in broken)


def test_an_installation_without_gifts_breaks_none(
    installation: Installation, campaign: Campaign
) -> None:
    assert sentences(installation) == []
