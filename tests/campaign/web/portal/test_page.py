"""What a donor's own page lists and says of each gift."""

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.donors.merging import merge_donors
from campaign.models import (
    Donor,
    Receipt,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, MIA, Give, Store, open_own_page, send
from tests.support.offline_gifts import Enter, gift_of
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
    page = open_own_page(client, mailing, mailbox)
    for text in ("$25", "$33", "partly refunded: $20 stands", "$44", "under way", "$55, by check"):
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
