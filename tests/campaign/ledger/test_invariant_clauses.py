"""Each clause of the invariants: what is a violation, and what only looks like one."""

from collections.abc import Callable

import pytest

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.campaign.ledger.test_invariants import sentences
from tests.support.campaigns import ADMIN
from tests.support.ledger import (
    report_charge,
    report_dispute,
    report_paid,
    report_refund,
    run_sql,
)
from tests.support.offline_gifts import Enter
from tests.support.stripe import Facts

Give = Callable[..., Facts]


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25 plus $1.06 for fees."""
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    return facts


VIOLATIONS: dict[str, tuple[str, str]] = {
    **{
        f"a sum of the {kind} tallies": (
            f"UPDATE gift_tally SET amount = amount - 1 WHERE kind = '{kind}'",
            f"the {kind} tallies add up to 2499 from 1 gifts, the progress shards to 2500 from 1",
        )
        for kind in ("hour", "size", "code", "frequency")
    },
    **{
        f"a number of the {kind} tallies": (
            f"UPDATE gift_tally SET gifts = gifts + 1 WHERE kind = '{kind}'",
            f"the {kind} tallies add up to 2500 from 2 gifts, the progress shards to 2500 from 1",
        )
        for kind in ("hour", "size", "code", "frequency")
    },
    "a missing tally": (
        "DELETE FROM gift_tally WHERE kind = 'code'",
        "the code tallies add up to 0 from 0 gifts, the progress shards to 2500 from 1",
    ),
    "payments of a tally": (
        "UPDATE gift_tally SET payments = 2 WHERE kind = 'frequency'",
        "the frequency tallies count 2 payments totaling 2500, the ledger has 1 totaling 2500",
    ),
    "payments without an entry": (
        "UPDATE ledger_entry SET campaign_id = NULL",
        "the size tallies count 1 payments totaling 2500, the ledger has 0 totaling 0",
    ),
    "shards of a campaign without entries": (
        "UPDATE ledger_entry SET campaign_id = NULL",
        "campaign nine-days: the ledger entries add up to 0, the progress shards to 2500",
    ),
    "counts of a campaign without entries": (
        "UPDATE ledger_entry SET campaign_id = NULL",
        "campaign nine-days: 0 donations and 0 donors in the ledger, 1 and 1 in the progress shards",
    ),
    "a returning donor that no shard counts": (
        "UPDATE campaign_donor SET gave_before = true",
        "campaign nine-days: 1 of its donors had given before, the progress shards count 0",
    ),
    "covered fees": (
        "UPDATE donation SET fee_cover = 105",
        "is for 2500 plus 105 in covered fees, but its payment in the ledger is 2500 plus 106",
    ),
    "a refund that is not booked": (
        """
        INSERT INTO refund (stripe_id, donation_id, amount, currency, state, created_at)
        SELECT 're_1', id, 700, 'usd', 'pending', now() FROM donation
        """,
        "Stripe reports 700 refunded, the ledger has 0",
    ),
    "a second payment's worth of receipts": (
        "UPDATE receipt SET kind = 'corrected', replaces_id = id",
        "has 0 first receipts but 1 payments in the ledger",
    ),
    "two emails for one receipt": (
        """
        INSERT INTO outbox_message (kind, subject_key, recipient, message_id, receipt_id, state)
        SELECT kind, subject_key || '-2', recipient, '<2@x>', receipt_id, state FROM outbox_message
        """,
        "has 2 emails in the outbox",
    ),
    "a gap in the numbers of a year": (
        "UPDATE receipt SET sequence = 2",
        "1 issued, the highest number is 2, the counter is at 1",
    ),
    "a counter that is behind": (
        "UPDATE receipt_counter SET last = 0",
        "1 issued, the highest number is 1, the counter is at 0",
    ),
    "a final result of nothing": (
        "UPDATE campaign SET finalized_at = now(), final_raised = 1",
        "was finalized at 1, but its entries without corrections add up to 2500",
    ),
}


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_reported(installation: Installation, name: str) -> None:
    statement, said = VIOLATIONS[name]
    run_sql(installation, statement)
    assert [one for one in sentences(installation) if said in one], sentences(installation)


@pytest.mark.parametrize(
    ("status", "ought"), [("won", 0), ("warning_closed", 0), ("lost", 1000), ("appeal_x", 1000)]
)
def test_what_is_gone_fits_the_disputes_status_and_amount(
    installation: Installation, gift: Facts, status: str, ought: int
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", -700, amount=1000))
    assert sentences(installation) == []
    run_sql(installation, "UPDATE dispute SET status = :status", status=status)
    said = f"is {status}, so {ought} should be gone, but its ledger entries take away 700"
    assert [one for one in sentences(installation) if said in one]


HARMLESS: dict[str, str] = {
    "a receipt that was printed and mailed": "DELETE FROM outbox_message; UPDATE receipt SET mailed_at = now()",
    "a receipt of a donor without an address": "DELETE FROM outbox_message; UPDATE donation SET email = ''",
    "a refund that Stripe never started": """
        INSERT INTO refund (request_token, donation_id, amount, currency, state, created_at)
        SELECT 'a', id, 700, 'usd', 'requested', now() FROM donation UNION ALL
        SELECT 'b', id, 700, 'usd', 'refused', now() FROM donation
    """,
    "a refund of an unknown payment": """
        INSERT INTO refund (stripe_id, amount, currency, state, created_at)
        VALUES ('re_1', 700, 'usd', 'succeeded', now())
    """,
    "a charge of an unknown payment": """
        INSERT INTO charge (stripe_id, amount, refunded, currency) VALUES ('ch_1', 700, 700, 'usd')
    """,
    "another email about the gift": """
        INSERT INTO outbox_message (kind, subject_key, recipient, message_id, receipt_id, state)
        SELECT 'tribute_card', subject_key, recipient, '<2@x>', receipt_id, state FROM outbox_message
    """,
    "a donor who gave before and has no gift left": """
        UPDATE campaign_donor SET gave_before = true, remaining_gifts = 0
    """,
}


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_violation_is_not_reported(
    installation: Installation, name: str
) -> None:
    for statement in HARMLESS[name].split(";"):
        run_sql(installation, statement)
    assert sentences(installation) == []


STATES: dict[str, tuple[Callable[[Installation, Facts], object], str]] = {
    "paid": (lambda _installation, _facts: None, "paid"),
    "part refunded": (
        lambda installation, facts: report_refund(installation, facts, facts.refund("a", 700)),
        "partially_refunded",
    ),
    "all refunded": (
        lambda installation, facts: report_refund(installation, facts, facts.refund("a", 2606)),
        "refunded",
    ),
    "disputed": (
        lambda installation, facts: report_dispute(installation, facts, facts.dispute("x", -2606)),
        "disputed",
    ),
    "lost": (
        lambda installation, facts: report_dispute(
            installation, facts, facts.dispute("lost", -2606)
        ),
        "dispute_lost",
    ),
    "reversed": (
        lambda installation, facts: report_charge(
            installation, facts, facts.charge(status="failed", failure_balance_transaction="t")
        ),
        "failed",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_every_state_that_entries_imply_is_known(
    installation: Installation, gift: Facts, name: str
) -> None:
    happens, implied = STATES[name]
    happens(installation, gift)
    assert sentences(installation) == []
    other = "disputed" if implied != "disputed" else "refunded"
    run_sql(installation, "UPDATE donation SET state = :other", other=other)
    (said,) = sentences(installation)
    assert said.endswith(f"is {other}, but its ledger entries imply {implied}")


@pytest.mark.parametrize("state", ["pending", "declined", "expired", "processing", "failed"])
def test_a_gift_without_entries_may_have_any_unpaid_state(
    installation: Installation, give: Give, state: str
) -> None:
    give()
    run_sql(installation, "UPDATE donation SET state = :state", state=state)
    assert sentences(installation) == []


@pytest.mark.parametrize(
    "state", ["paid", "partially_refunded", "refunded", "disputed", "dispute_lost"]
)
def test_a_gift_without_entries_has_no_settled_state(
    installation: Installation, give: Give, state: str
) -> None:
    give()
    statement = "UPDATE donation SET state = :state, paid_at = now(), charged_at = now()"
    run_sql(installation, statement, state=state)
    (said,) = sentences(installation)
    assert said.endswith(f"is {state}, but its ledger entries imply unpaid")


@pytest.mark.parametrize(
    ("state", "stuck"),
    [("queued", True), ("sending", True), ("sent", False), ("failed", False), ("dropped", False)],
)
def test_only_a_waiting_message_is_stuck(
    installation: Installation, gift: Facts, state: str, stuck: bool
) -> None:
    statement = """
        UPDATE outbox_message SET state = :state, next_attempt_at = now() - interval '2 hours',
            sent_at = CASE WHEN :state = 'sent' THEN now() END
    """
    run_sql(installation, statement, state=state)
    assert [f" is {state} and has been due since" in one for one in sentences(installation)] == [
        True
    ] * stuck


def test_a_correction_does_not_change_the_final_result(
    installation: Installation, campaign: Campaign, gift: Facts
) -> None:
    run_sql(installation, "UPDATE campaign SET finalized_at = now(), final_raised = 2500")
    assert sentences(installation) == []
    insert = """
        INSERT INTO ledger_entry
            (campaign_id, donation_id, kind, amount, currency, occurred_at, source, reason, recorded_by)
        SELECT campaign_id, id, 'correction', -100, 'usd', now(), 'c-1', 'typo', 'fay' FROM donation
    """
    run_sql(installation, insert)
    assert [one for one in sentences(installation) if "was finalized" in one] == []


@pytest.mark.parametrize(
    ("window", "given"),
    [
        ("starts_at = :at, ends_at = :at + interval '1 second'", 2500),
        ("starts_at = :at + interval '1 microsecond'", 0),
        ("starts_at = :at - interval '1 second', ends_at = :at", 0),
        ("starts_at = :at - interval '1 second', ends_at = :at + interval '1 microsecond'", 2500),
        ("starts_at = :at - interval '1 second', ended_at = :at", 0),
        ("starts_at = :at - interval '1 second', ended_at = :at + interval '1 microsecond'", 2500),
    ],
)
def test_a_matching_window_includes_its_start_and_excludes_its_end(
    installation: Installation, campaign: Campaign, gift: Facts, window: str, given: int
) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        add_matching_gift(session, found, MatchingGiftFields("The Smiths", "5000"), ADMIN, now())
    run_sql(installation, "DELETE FROM matching_shard")
    statement = f"UPDATE matching_gift SET {window.replace(':at', '(SELECT charged_at FROM donation)')}"  # of this test
    run_sql(installation, statement)
    said = f"add up to {given}, the matching shards to 0"
    assert [said in one for one in sentences(installation)] == [True] * bool(given)


def test_an_offline_gift_needs_its_own_payment(installation: Installation, enter: Enter) -> None:
    enter(reference="1042")
    run_sql(installation, "UPDATE ledger_entry SET source = 'check:1042'")
    (said,) = sentences(installation)
    assert said.startswith("offline gift 1042 of donation ")
    assert said.endswith(": its reversal reason is none, but its entries reverse 0 of 5000")


def test_an_offline_gift_that_was_never_reversed_has_no_reversal(
    installation: Installation, enter: Enter
) -> None:
    enter(reference="1042")
    insert = """
        INSERT INTO ledger_entry (donation_id, kind, amount, currency, occurred_at, source)
        SELECT donation_id, 'payment_reversed', -5000, 'usd', now(), 'offline:1042' FROM ledger_entry
    """
    run_sql(installation, insert)
    said = [one for one in sentences(installation) if one.startswith("offline gift 1042")]
    assert [one.endswith("is none, but its entries reverse 5000 of 5000") for one in said] == [True]
