"""What an erasure reports: counts, Stripe customers, addresses that stay suppressed, and one entry in the log."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.mailer.suppressions import suppress
from campaign.models import AuditEntry, Campaign, SuppressionReason
from campaign.privacy.erasure import Erased, erase_person
from campaign.privacy.personal_data_export import data_subject_of
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.personal_data import ADA


def test_each_of_the_persons_stripe_customers_is_reported_once_and_nobody_elses(
    session: Session, campaign: Campaign
) -> None:
    ana, ben = (add_donor(session, f"{name}@example.org") for name in ("ana", "ben"))
    for donor, customer in ((ana, "cus_1"), (ana, "cus_1"), (ana, None), (ben, "cus_2")):
        add_subscription(session, campaign, donor, ended=True, customer_id=customer)
    erased = erase_person(session, data_subject_of(session, ana), ADA, now())
    assert erased.customers == ["cus_1"]
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.after["stripe_customers"] == "cus_1"


def test_an_address_that_is_suppressed_twice_is_reported_once(session: Session) -> None:
    ana = add_donor(session, "ana@example.org")
    for reason in (SuppressionReason.unsubscribed, SuppressionReason.complained):
        suppress(session, "ana@example.org", reason)
    erased = erase_person(session, data_subject_of(session, ana), ADA, now())
    assert erased.suppressed == ["ana@example.org"]


def test_the_log_names_the_canonical_record_of_a_merged_person(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    add_donation(session, campaign, work)
    erase_person(session, data_subject_of(session, work), ADA, now())
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_key) == ("donor.erased", str(ana.id))


@pytest.mark.parametrize(
    ("donations", "mails", "consents", "anything"),
    [(1, 0, 0, True), (0, 1, 0, True), (0, 0, 1, True), (0, 0, 0, False)],
)
def test_a_gift_an_email_or_a_consent_alone_is_something(
    donations: int, mails: int, consents: int, *, anything: bool
) -> None:
    assert Erased(donations, mails, consents, [], []).anything is anything
