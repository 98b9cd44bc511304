"""A donor's details and preferences on the donor page."""

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.emails.delivery import deliver_due
from campaign.models import (
    AuditEntry,
    Donation,
    Subscriber,
    Suppression,
    WallEntry,
)
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import (
    ANA,
    LINK,
    Give,
    audited,
    donor_of,
    open_donor_page,
    plain_text,
    request_link,
    send,
)
from tests.support.stripe import Facts


def test_name_mailing_address_and_language_are_changed(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_donor_page(client, mailing, mailbox)
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


def test_a_new_address_is_confirmed_by_its_owner_and_the_old_one_notified(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    give("ben@example.org", 500, name="Ben", attempt="b")
    open_donor_page(client, mailing, mailbox)
    answers = {
        send(client, "/me/address", email=email).location
        for email in ("new@example.org", "new@example.org", "ben@example.org")
    }
    assert answers == {"/me?message=address"}
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
    assert "This address is already in use" in taken.text
    path = paths["new@example.org"]
    assert "new@example.org" in client.get(path).text
    assert client.post(path.replace("/address/", "/link/")).status_code == 410
    assert client.post(path).status_code == 200
    assert client.post(path).status_code == 410
    mailbox.clear()
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert "last email to this one" in " ".join(plain_text(mailbox.messages[0]).split())
    assert "Gift history" not in client.get("/me").text
    request_link(client, ANA)
    mailbox.clear()
    deliver_due(mailing)
    assert mailbox.messages == []
    assert "$25" in open_donor_page(client, mailing, mailbox, "new@example.org")


def test_campaign_emails_are_subscribed_to_and_stopped(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_donor_page(client, mailing, mailbox)
    for _ in range(2):
        assert send(client, "/me/preferences", wanted="yes").location == "/me?message=appeals_yes"
    with mailing.sessions() as session:
        agreed = session.scalars(select(Subscriber)).one()
        assert (agreed.email, agreed.consent_source) == (ANA, "own page")
        assert agreed.consent_wording.startswith("Email me about campaigns")
    for _ in range(2):
        assert send(client, "/me/preferences", wanted="no").location == "/me?message=appeals_no"
    with mailing.sessions() as session:
        assert session.scalars(select(Suppression.reason)).all() == ["unsubscribed"]
    send(client, "/me/preferences", wanted="yes")
    with mailing.sessions.begin() as session:
        assert session.scalars(select(Suppression)).all() == []
        session.add(Suppression(email=ANA, reason="bounced"))
    send(client, "/me/preferences", wanted="yes")
    assert "We do not send campaign emails to this address" in client.get("/me").text
    actions = [action.partition(".")[2] for _, action in audited(mailing)]
    assert actions == ["subscribed", "unsubscribed", "subscribed"]


def test_a_name_is_removed_from_the_donor_wall(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    other = give("ben@example.org", 500, name="Ben", attempt="b")
    with mailing.sessions.begin() as session:
        for facts, place in ((paid, "Astoria"), (other, "Bend")):
            gift = session.get_one(Donation, facts.donation.id)
            save_wall_entry(session, gift, place, now(), wording="Show my first name")
    assert "On the donor wall as “Ana, Astoria”" in open_donor_page(client, mailing, mailbox)
    assert send(client, f"/me/wall/{other.donation.public_id}").status_code == 404
    for _ in range(2):
        gone = send(client, f"/me/wall/{paid.donation.public_id}")
        assert gone.location == "/me?message=wall"
    assert "On the donor wall" not in client.get("/me").text
    with mailing.sessions() as session:
        assert session.scalars(select(WallEntry.place)).all() == ["Bend"]
    assert [action for _, action in audited(mailing)] == ["donor.left_wall"]
