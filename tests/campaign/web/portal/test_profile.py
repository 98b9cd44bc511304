"""What a donor sees and changes on their own page."""

import json
from collections.abc import Callable
from datetime import timedelta

import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor
from campaign.campaigns.donor_wall import ask_to_be_shown
from campaign.core.clock import now
from campaign.donors.merging import merge_donors
from campaign.donors.notes import add_donor_note
from campaign.emails.delivery import deliver_due
from campaign.models import (
    AuditEntry,
    Donation,
    Donor,
    ErasureRequest,
    OutboxMessage,
    Receipt,
    StaffRole,
    Subscriber,
    Suppression,
    WallEntry,
)
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import find_person
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, LINK, ask, open_own_page, plain_text, send
from tests.support.offline_gifts import Enter, gift_of
from tests.support.staff import COMMAND_LINE, StaffMaker
from tests.support.stripe import Facts

Give, Store = Callable[..., Facts], Callable[..., None]
MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)


def audited(installation: Installation) -> list[tuple[str, str]]:
    """What donors did, as the log has it."""
    donors = AuditEntry.actor.startswith("donor ")
    query = select(AuditEntry.actor, AuditEntry.action).where(donors).order_by(AuditEntry.id)
    with installation.sessions() as session:
        return [(actor, action) for actor, action in session.execute(query)]


def donor_of(installation: Installation, email: str) -> Donor:
    with installation.sessions() as session:
        return session.scalars(select(Donor).where(Donor.email == email)).one()


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


def test_a_receipt_is_sent_again_and_a_statement_of_a_year_that_is_over_is_there(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_own_page(client, mailing, mailbox)
    path = f"/me/receipts/{paid.donation.public_id}"
    assert send(client, path).location == "/me?said=receipt"
    assert send(client, path).location == "/me?said=receipt_waits"
    mailbox.clear()
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert send(client, path).status_code == 303
    assert send(client, path).status_code == 429
    with mailing.sessions() as session:
        year = session.scalars(select(Receipt)).one().gift_date.year
    assert client.get(f"/me/statements/{year}.pdf").status_code == 404
    with time_machine.travel(now() + timedelta(days=400)):
        open_own_page(client, mailing, mailbox)
        paper = client.get(f"/me/statements/{year}.pdf")
        assert paper.data.startswith(b"%PDF")
        assert paper.headers["Cache-Control"] == "no-store"
        assert client.get(f"/me/statements/{year - 1}.pdf").status_code == 404


def test_name_postal_address_and_language_are_changed(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_own_page(client, mailing, mailbox)
    details = {"name": "Ana  María Reyes ", "address": "1 Pier\r\n\r\nAstoria", "language": "es"}
    bad = send(client, "/me/details", **details | {"name": "x" * 201, "language": "xx"})
    assert bad.status_code == 422
    assert "at most 200 characters" in bad.text
    for _ in range(2):
        assert send(client, "/me/details", **details).status_code == 303
    donor = donor_of(mailing, ANA)
    assert (donor.name, donor.address, donor.locale) == (
        "Ana María Reyes",
        "1 Pier\nAstoria",
        "es",
    )
    assert 'lang="es"' in client.get("/me").text
    assert 'lang="en"' in client.get("/me?lang=en").text
    who = f"donor {donor.id}"
    assert audited(mailing) == [(who, "donor.corrected"), (who, "donor.changed_language")]
    with mailing.sessions() as session:
        kept = session.scalars(select(AuditEntry).where(AuditEntry.actor == who)).all()
        assert kept[0].before == {"name": "A…", "address": ""}
        assert session.scalars(select(Donation.locale)).all() == ["es"]


def test_another_address_is_confirmed_by_its_owner_and_the_old_one_is_told(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    give("ben@example.org", 500, name="Ben", attempt="b")
    open_own_page(client, mailing, mailbox)
    answers = {
        send(client, "/me/address", email=email).location
        for email in ("new@example.org", "new@example.org", "ben@example.org")
    }
    assert answers == {"/me?said=address"}
    assert send(client, "/me/address", email=ANA).status_code == 422
    mailbox.clear()
    deliver_due(mailing)
    assert sorted(one.recipients[0] for one in mailbox.messages) == [
        "ben@example.org",
        "new@example.org",
    ]
    paths = {one.recipients[0]: LINK.findall(plain_text(one))[0] for one in mailbox.messages}
    taken = client.post(paths["ben@example.org"])
    assert taken.status_code == 409
    assert "has gifts of its own" in taken.text
    path = paths["new@example.org"]
    assert "new@example.org" in client.get(path).text
    assert client.post(path.replace("/address/", "/link/")).status_code == 410
    assert client.post(path).status_code == 200
    assert client.post(path).status_code == 410
    mailbox.clear()
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert "last letter to this one" in " ".join(plain_text(mailbox.messages[0]).split())
    assert "What you gave" not in client.get("/me").text
    ask(client, ANA)
    mailbox.clear()
    deliver_due(mailing)
    assert mailbox.messages == []
    assert "$25" in open_own_page(client, mailing, mailbox, "new@example.org")


def test_letters_about_campaigns_are_agreed_to_and_ended(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_own_page(client, mailing, mailbox)
    for _ in range(2):
        assert send(client, "/me/appeals", wanted="yes").location == "/me?said=appeals_yes"
    with mailing.sessions() as session:
        agreed = session.scalars(select(Subscriber)).one()
        assert (agreed.email, agreed.consent_source) == (ANA, "own page")
        assert agreed.consent_wording.startswith("Write to me about campaigns")
    for _ in range(2):
        assert send(client, "/me/appeals", wanted="no").location == "/me?said=appeals_no"
    with mailing.sessions() as session:
        assert session.scalars(select(Suppression.reason)).all() == ["unsubscribed"]
    send(client, "/me/appeals", wanted="yes")
    with mailing.sessions.begin() as session:
        assert session.scalars(select(Suppression)).all() == []
        session.add(Suppression(email=ANA, reason="bounced"))
    send(client, "/me/appeals", wanted="yes")
    assert "No letters about campaigns go to this address" in client.get("/me").text
    actions = [action.partition(".")[2] for _, action in audited(mailing)]
    assert actions == ["subscribed", "unsubscribed", "subscribed"]


def test_a_name_is_taken_off_the_donor_wall(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    other = give("ben@example.org", 500, name="Ben", attempt="b")
    with mailing.sessions.begin() as session:
        for facts, place in ((paid, "Astoria"), (other, "Bend")):
            gift = session.get_one(Donation, facts.donation.id)
            ask_to_be_shown(session, gift, place, now(), wording="Show my first name")
    assert "On the donor wall as “Ana, Astoria”" in open_own_page(client, mailing, mailbox)
    assert send(client, f"/me/wall/{other.donation.public_id}").status_code == 404
    for _ in range(2):
        gone = send(client, f"/me/wall/{paid.donation.public_id}")
        assert gone.location == "/me?said=wall"
    assert "On the donor wall" not in client.get("/me").text
    with mailing.sessions() as session:
        assert session.scalars(select(WallEntry.place)).all() == ["Bend"]
    assert [action for _, action in audited(mailing)] == ["donor.left_wall"]


def test_what_is_held_is_taken_out_without_secrets_staff_or_anyone_else(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    give("ben@example.org", 500, name="Ben", attempt="b")
    with mailing.sessions.begin() as session:
        donor = session.scalars(select(Donor).where(Donor.email == ANA)).one()
        add_donor_note(session, donor, "Called us", MIA)
        # An address of an earlier gift that is another donor's by now.
        session.execute(
            update(Donation).where(Donation.id == paid.donation.id).values(email="ben@example.org")
        )
    open_own_page(client, mailing, mailbox)
    answer = send(client, "/me/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    held = json.loads(answer.text)
    assert [one["amount"] for one in held["donations"]] == [2500]
    assert held["notes"][0]["text"] == "Called us"
    assert held["addresses"] == [ANA]
    for secret in ("digest", paid.donation.token, "mia@", '"Ben"'):
        assert secret not in answer.text, secret
    assert audited(mailing) == [(f"donor {donor.id}", "donor.exported")]


def test_a_request_to_be_removed_is_kept_once_seen_by_staff_done_and_confirmed(
    client: FlaskClient,
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    staff: StaffMaker,
) -> None:
    open_own_page(client, mailing, mailbox)
    assert "within 30 days" in client.get("/me/erasure").text
    for _ in range(2):
        assert send(client, "/me/erasure").location == "/me?said=erasure"
    assert send(client, "/me/erasure/withdraw").location == "/me?said=stays"
    send(client, "/me/erasure/withdraw")
    send(client, "/me/erasure")
    mailbox.clear()
    deliver_due(mailing)
    subjects = [one.subject for one in mailbox.messages]
    assert subjects == ["You asked The Harbor Ledger to remove you"] * 2
    actions = [action.partition(".")[2] for _, action in audited(mailing)]
    assert actions == ["asked_to_be_erased", "stays", "asked_to_be_erased"]
    viewer = staff(StaffRole.viewer)
    assert "Donors who ask to be removed" in viewer.get("/staff/").text
    donor = donor_of(mailing, ANA)
    assert "asked to be removed" in viewer.get(f"/staff/donors/{donor.id}").text
    mailbox.clear()
    with mailing.sessions.begin() as session:
        erase_person(session, find_person(session, ANA), COMMAND_LINE, now(), "example.org")
    assert "What you gave" not in client.get("/me").text
    assert "Donors who ask to be removed" not in viewer.get("/staff/").text
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert "has removed you" in mailbox.messages[0].subject
    with mailing.sessions() as session:
        addresses = set(session.scalars(select(OutboxMessage.recipient)))
        assert ANA not in addresses
        ended = session.execute(select(ErasureRequest.done_at, ErasureRequest.withdrawn_at)).all()
    assert [bool(done) for done, _ in ended] == [False, True]
