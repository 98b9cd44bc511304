"""What the database announces: progress to open pages, deliveries to webhook endpoints; and how it folds names."""

import pytest

from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import BLINK, NOON

PAYMENT_KINDS = ["payment", "refund"]
DELIVERIES = """
SELECT endpoint_id, kind, subject_key, donation_id, subscription_id, ledger_entry_id, occurred_at
FROM webhook_delivery ORDER BY id
"""


def heard(rows: Rows) -> list[tuple[str, str]]:
    """Commit; return the notifications that follow, up to a last one of our own."""
    rows.connection.execute("NOTIFY progress, 'last'")
    rows.connection.commit()
    found = []
    for one in rows.connection.notifies(timeout=30):
        if one.payload == "last":
            break
        found.append((one.channel, one.payload))
    return found


def listen(rows: Rows) -> None:
    rows.connection.execute("LISTEN progress")
    rows.connection.commit()


def test_an_entry_that_counts_is_announced_with_its_campaign(rows: Rows) -> None:
    listen(rows)
    campaign, donation = rows.add("campaign"), rows.add("donation")
    rows.add("ledger_entry", campaign_id=campaign, donation_id=donation)
    assert heard(rows) == [("progress", str(campaign))]
    rows.add("ledger_entry", campaign_id=campaign, donation_id=donation, kind="fee", amount=0)
    rows.add("ledger_entry")
    assert heard(rows) == []


@pytest.mark.parametrize(
    ("present", "wanted", "announced"),
    [
        ("pending", "processing", True),
        ("processing", "paid", True),
        ("processing", "failed", True),
        ("pending", "paid", False),
        ("pending", "expired", False),
        ("processing", "processing", False),
    ],
)
def test_a_change_of_what_is_pledged_is_announced(
    rows: Rows, present: str, wanted: str, *, announced: bool
) -> None:
    listen(rows)
    campaign = rows.add("campaign")
    times = {"charged_at": NOON, "paid_at": NOON}
    donation = rows.add("donation", {"campaign_id": campaign, "state": present, **times})
    rows.connection.execute("UPDATE donation SET state = %s WHERE id = %s", [wanted, donation])
    assert heard(rows) == ([("progress", str(campaign))] if announced else [])
    rows.connection.execute("UPDATE donation SET name = 'Ana' WHERE id = %s", [donation])
    assert heard(rows) == []


@pytest.mark.parametrize(
    ("kind", "amount", "event"),
    [
        ("payment", 2500, "donation.paid"),
        ("refund", -2500, "donation.refunded"),
        ("dispute", -2500, ""),
        ("payment_reversed", -2500, ""),
        ("fee", 0, ""),
    ],
)
def test_a_payment_and_a_refund_go_to_the_endpoints_that_asked(
    rows: Rows, kind: str, amount: int, event: str
) -> None:
    donation = rows.add("donation")
    if kind != "payment":
        rows.add("ledger_entry", donation_id=donation)
    other = "donation.refunded" if event == "donation.paid" else "donation.paid"
    every = ["subscription.ended", "donation.refunded", "donation.paid"]
    asked = [
        rows.add("webhook_endpoint", events=every),
        rows.add("webhook_endpoint", events=[event]),
    ]
    rows.add("webhook_endpoint", events=every, disabled_at=NOON)
    rows.add("webhook_endpoint", events=["subscription.ended"])
    if event:
        rows.add("webhook_endpoint", events=[other])
    entry = rows.add(
        "ledger_entry", donation_id=donation, kind=kind, amount=amount, occurred_at=NOON
    )
    assert rows.all(DELIVERIES) == [
        (endpoint, event, str(entry), donation, None, entry, NOON)
        for endpoint in (asked if event else [])
    ]


def test_what_is_queued_already_is_not_queued_again(rows: Rows) -> None:
    endpoint = rows.add("webhook_endpoint", events=["donation.paid"])
    rows.add("webhook_delivery", endpoint_id=endpoint, subject_key="900111")
    rows.add("ledger_entry", id=900_111)
    assert rows.value("SELECT count(*) FROM webhook_delivery") == 1


@pytest.mark.parametrize("state", ["active", "past_due", "paused"])
def test_the_end_of_a_monthly_gift_goes_to_the_endpoints_that_asked(rows: Rows, state: str) -> None:
    every = ["donation.paid", "subscription.ended"]
    asked = [rows.add("webhook_endpoint", events=events) for events in (every, every[1:])]
    rows.add("webhook_endpoint", events=every, disabled_at=NOON)
    rows.add("webhook_endpoint", events=["donation.paid"])
    gift = rows.add("subscription", state=state)
    change = "UPDATE subscription SET state = %s, ended_at = %s WHERE id = %s"
    for other in {"active", "past_due", "paused"} - {state}:
        rows.connection.execute(change, [other, None, gift])
    assert rows.all(DELIVERIES) == []
    rows.connection.execute(change, ["ended", NOON, gift])
    told = [
        (endpoint, "subscription.ended", str(gift), None, gift, None, NOON) for endpoint in asked
    ]
    assert rows.all(DELIVERIES) == told
    rows.connection.execute(change, ["ended", NOON + BLINK, gift])
    rows.add("webhook_endpoint", events=every)
    rows.connection.execute(change, ["ended", NOON, gift])
    assert rows.all(DELIVERIES) == told


def test_an_end_that_was_announced_is_not_announced_again(rows: Rows) -> None:
    rows.add("webhook_endpoint", events=["subscription.ended"])
    gift = rows.add("subscription")
    change = "UPDATE subscription SET state = %s, ended_at = %s WHERE id = %s"
    for state, ended in (("ended", NOON), ("active", None), ("ended", NOON)):
        rows.connection.execute(change, [state, ended, gift])
    assert rows.value("SELECT count(*) FROM webhook_delivery") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Zoë NÚÑEZ", ["nunez", "zoe"]),
        ("Łukasz Żółć", ["lukasz", "zolc"]),
        ("Øystein Ærø", ["aro", "oystein"]),
        ("Ștefan Čapek", ["capek", "stefan"]),
        ("d'Arc-Smith (née Ō'Neill)", ["arc", "d", "nee", "neill", "o", "smith"]),
        ("ana.maría+gifts@example.org", ["ana", "example", "gifts", "maria", "org"]),
        ("The a of", ["a", "of", "the"]),
    ],
)
def test_names_are_found_without_accents_marks_or_capitals(
    rows: Rows, text: str, words: list[str]
) -> None:
    assert rows.value("SELECT tsvector_to_array(search_words(%s::text))", text) == words


def test_a_donor_and_a_donation_are_found_by_what_is_written_of_them_now(rows: Rows) -> None:
    who = {"name": "Zoë Núñez", "email": "zoe@example.org"}
    donor = rows.add("donor", {**who, "address": "1 Wharf Street"})
    donation = rows.add("donation", who)
    of_donor = "SELECT tsvector_to_array(words) FROM donor WHERE id = %s"
    of_donation = "SELECT tsvector_to_array(words) FROM donation WHERE id = %s"
    words = ["example", "nunez", "org", "zoe"]
    assert rows.value(of_donation, donation) == words
    assert rows.value(of_donor, donor) == sorted([*words, "1", "street", "wharf"])
    rows.connection.execute("UPDATE donation SET name = 'Ana' WHERE id = %s", [donation])
    assert rows.value(of_donation, donation) == ["ana", "example", "org", "zoe"]
