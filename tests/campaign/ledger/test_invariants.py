"""Each violated invariant is reported in a sentence with both figures."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN
from tests.support.ledger import report_paid, report_refund, run_sql
from tests.support.offline_gifts import Enter
from tests.support.stripe import Facts


def sentences(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(broken_invariants(session))


BREACHES: dict[str, tuple[str, str]] = {
    "a shard's sum": (
        "UPDATE progress_shard SET raised = raised + 1",
        "campaign nine-days: the ledger entries add up to 2500, the progress shards to 2501",
    ),
    "a shard's gifts": (
        "UPDATE progress_shard SET donations = donations + 1",
        "campaign nine-days: 1 donations and 1 donors in the ledger, 2 and 1 in the progress shards",
    ),
    "a shard's donors": (
        "UPDATE progress_shard SET donors = donors - 1",
        "campaign nine-days: 1 donations and 1 donors in the ledger, 1 and 0 in the progress shards",
    ),
    "an amount": (
        "UPDATE donation SET amount = 2499, fee_cover = 107",
        "is for 2499 plus 107 in covered fees, but its payment in the ledger is 2500 plus 106",
    ),
    "a state": (
        "UPDATE donation SET state = 'refunded'",
        "is refunded, but its ledger entries imply paid",
    ),
    "a paid gift without its entry": (
        "DELETE FROM ledger_entry",
        "is paid, but its ledger entries imply unpaid",
    ),
    "a reported refund": (
        """
        INSERT INTO charge (stripe_id, donation_id, amount, refunded, currency)
        SELECT 'ch_1', id, 2606, 700, 'usd' FROM donation
        """,
        "Stripe reports 700 refunded, the ledger has 0",
    ),
    "a missing receipt": (
        "DELETE FROM receipt",
        "has 0 first receipts but 1 payments in the ledger",
    ),
    "a receipt amount": (
        "UPDATE receipt SET amount = amount - 1",
        "is for 2605, but the ledger has 2606 remaining",
    ),
    "a gap in the receipt numbers": (
        "UPDATE receipt_counter SET last = last + 1",
        "1 issued, the highest number is 1, the counter is at 2",
    ),
    "a receipt's email": ("DELETE FROM outbox_message", "has 0 emails in the outbox"),
    "a final result": (
        "UPDATE campaign SET finalized_at = '2026-12-31T00:00Z', final_raised = 2501",
        "was finalized at 2501, but its entries without corrections add up to 2500",
    ),
    "a tally": (
        "UPDATE gift_tally SET amount = amount + 1 WHERE kind = 'hour'",
        "campaign nine-days: the hour tallies add up to 2501 from 1 gifts, the progress shards to 2500 from 1",
    ),
    "a tally's received amount": (
        "UPDATE gift_tally SET received = received - 1 WHERE kind = 'size'",
        "campaign nine-days: the size tallies count 1 payments totaling 2499, the ledger has 1 totaling 2500",
    ),
    "returning donors": (
        "UPDATE progress_shard SET gave_before = 1",
        "campaign nine-days: 0 of its donors had given before, the progress shards count 1",
    ),
}


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A paid gift of $25 plus $1.06 for fees."""
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    return facts


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize("name", BREACHES)
def test_a_violation_is_reported_with_both_figures(installation: Installation, name: str) -> None:
    assert sentences(installation) == []
    statement, said = BREACHES[name]
    run_sql(installation, statement)
    assert [one for one in sentences(installation) if said in one], sentences(installation)


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize(("minutes", "stuck"), [(59, False), (61, True)])
def test_a_message_is_stuck_an_hour_after_it_was_due(
    installation: Installation, minutes: int, stuck: bool
) -> None:
    run_sql(
        installation,
        "UPDATE outbox_message SET next_attempt_at = now() - make_interval(mins => :minutes)",
        minutes=minutes,
    )
    assert [("no worker has picked it up" in one) for one in sentences(installation)] == [
        True
    ] * stuck
    run_sql(installation, "UPDATE outbox_message SET state = 'sent', sent_at = now()")
    assert sentences(installation) == []


def test_a_matching_gift_counts_the_entries_in_its_window(
    installation: Installation, campaign: Campaign, gift: Facts
) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        add_matching_gift(session, found, MatchingGiftFields("The Smiths", "5000"), ADMIN, now())
    report_refund(installation, gift, gift.refund("a", 700))
    assert sentences(installation) == []
    run_sql(installation, "UPDATE matching_shard SET given = given + 1")
    (sentence,) = sentences(installation)
    assert sentence == (
        "campaign nine-days: the entries in the matching window of The Smiths add up to 1800,"
        " the matching shards to 1801"
    )


def test_a_reversed_offline_gift_has_matching_entries(
    installation: Installation, enter: Enter
) -> None:
    enter(reference="1042")
    assert sentences(installation) == []
    run_sql(
        installation,
        "UPDATE offline_gift SET reversal_reason = 'bounced', reversed_on = received_on",
    )
    (one,) = sentences(installation)
    assert one.startswith("offline gift 1042 of donation ")
    assert one.endswith(": its reversal reason is bounced, but its entries reverse 0 of 5000")


def test_every_campaign_with_a_violation_is_reported(
    installation: Installation, gift: Facts, campaign: Campaign
) -> None:
    run_sql(installation, "DELETE FROM progress_shard")
    broken = sentences(installation)
    # By sum, by count, and by each of the four tallies.
    assert len(broken) == 6
    assert all(one.startswith("campaign nine-days") for one in broken)


def test_an_installation_without_gifts_has_no_violation(
    installation: Installation, campaign: Campaign
) -> None:
    assert sentences(installation) == []


def test_checking_years_of_gifts_may_take_ten_minutes(installation: Installation) -> None:
    with installation.sessions() as session:
        assert session.scalar(text("SHOW statement_timeout")) == "30s"
        assert list(broken_invariants(session)) == []
        assert session.scalar(text("SHOW statement_timeout")) == "10min"
