"""The gifts on the donor page."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core.clock import now
from campaign.donor_portal.donation_history import LATEST
from campaign.donors.merging import merge_donors
from campaign.models import (
    Donation,
    Donor,
    Receipt,
    ReversalReason,
)
from campaign.offline.reversals import reverse
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, MIA, Give, Store, open_donor_page, send
from tests.support.offline_gifts import FINANCE, TODAY, Enter, gift_of
from tests.support.stripe import Facts


def test_the_page_has_every_gift_of_the_person_and_none_of_anyone_else(
    client: FlaskClient,
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    give: Give,
    store: Store,
    enter: Enter,
) -> None:
    other = give("ben@example.org", 7700, name="Ana Reyes", attempt="b")
    work = give("ana@work.example", 1100, attempt="c")
    refunded = give(ANA, 3300, attempt="d")
    promised = give(ANA, 4400, attempt="e")
    begun = give(ANA, 8800, attempt="f")
    store(other.completed(), work.completed(), refunded.completed(), promised.promised())
    store(refunded.charge_refunded(1300), refunded.refunded("a", 1300))
    apply_due_events(mailing)
    check = gift_of(enter(email=ANA, amount="55"))
    enter(email="", amount="66", name="Ana R")
    page = open_donor_page(client, mailing, mailbox)
    for text in (
        "$25",
        "$33",
        "partially refunded: $20 remaining",
        "$44",
        "processing",
        "$55, by check",
    ):
        seen = " ".join(page.split())
        assert text.replace("$55, by check", "$55") in seen, text
    assert "by check" in page
    for text in ("$77", "$11", "$66", "$88", "ben@"):
        assert text not in page, text
    assert begun.donation.state == "pending"
    with mailing.sessions.begin() as session:
        ana, same = (
            session.scalars(select(Donor).where(Donor.email == email)).one()
            for email in (ANA, "ana@work.example")
        )
        merge_donors(session, ana.id, same.id, MIA)
    assert "$11" in client.get("/me").text
    assert "$77" not in client.get("/me").text
    for gift in (other.donation, begun.donation):
        assert send(client, f"/me/receipts/{gift.public_id}").status_code == 404
    with mailing.sessions() as session:
        number = session.scalars(
            select(Receipt).where(Receipt.donation_id == check.donation_id)
        ).one()
    assert number.number in client.get("/me").text


def test_a_returned_gift_is_labeled(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, enter: Enter
) -> None:
    for reason in (ReversalReason.bounced, ReversalReason.mistake):
        gift = gift_of(enter(email=ANA, reference=reason.value))
        with mailing.sessions.begin() as session:
            public_id = session.get_one(Donation, gift.donation_id).public_id
            reverse(session, public_id, reason, TODAY, FINANCE, mailing.books, now())
    stock = enter(
        email=ANA, reference="s", kind="stock", description="3 shares of Reef", amount="99"
    )
    gift_of(stock)
    page = " ".join(open_donor_page(client, mailing, mailbox).split())
    assert "returned by the bank" in page
    assert "3 shares of Reef" in page
    assert "in stock" in page
    assert "$99" not in page


def test_the_latest_gifts_are_shown_and_all_when_asked_for(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, give: Give, store: Store
) -> None:
    every = [give(ANA, 10_000 + number * 100) for number in range(LATEST + 1)]
    store(*(one.completed() for one in every))
    apply_due_events(mailing)
    page = open_donor_page(client, mailing, mailbox)
    amounts = {f"${100 + number}" for number in range(LATEST + 1)}
    assert len(set(re.findall(r"\$1\d\d\b", page)) & amounts) == LATEST
    (path,) = set(re.findall(r'href="(/me/all[^"]*|/me/gifts[^"]*)"', page))
    assert set(re.findall(r"\$1\d\d\b", client.get(path).text)) >= amounts


def test_only_known_messages_are_shown_above_the_page(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    plain = open_donor_page(client, mailing, mailbox)
    assert "Your name is no longer on the donor wall." in client.get("/me?message=wall").text
    odd = client.get("/me?message=<b>hacked").text
    assert odd.partition("</main>")[0] == plain.partition("</main>")[0]
