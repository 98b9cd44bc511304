"""Consents with what proves them."""

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.models import Campaign, StaffRole
from campaign.reporting.consent_records import read_consents
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import subscribe

WORDING = "Email me about campaigns."


def test_gifts_with_the_box_checked_are_the_evidence(session: Session, campaign: Campaign) -> None:
    subscribe(session, "Ana@example.org", consent_source="donation form")
    ana, ben = add_donor(session, "ana@example.org"), add_donor(session, "ben@example.org")
    first = add_donation(session, campaign, ana, consent_wording=WORDING)
    add_donation(session, campaign, ana)
    add_donation(session, campaign, ben, consent_wording=WORDING)
    (consent,) = read_consents(session, ["ANA@example.org", "nobody@example.org"])
    assert consent.source == "donation form"
    (box,) = consent.evidence
    assert (box.public_id, box.wording, box.state) == (first.public_id, WORDING, "paid")


def test_what_staff_entered_is_in_the_log_of_that_subscriber_only(session: Session) -> None:
    subscribe(session, "ana@example.org", "ben@example.org", consent_source="own page")
    ana, ben = read_consents(session, ["ana@example.org", "ben@example.org"])
    subject = Subject("subscriber", str(ana.subscriber.id))
    record(session, Actor("fay@example.org", StaffRole.finance), "subscriber.added", subject)
    ana, ben = read_consents(session, ["ana@example.org", "ben@example.org"])
    assert [one.actor for one in ana.log] == ["fay@example.org"]
    assert (ben.log, ben.evidence) == ([], [])
    assert ben.source == "donor page", "the stored word is not one that people read"
