"""The tribute card of a gift on the donation page, and links from failed emails."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from campaign.mailer.kinds import EmailKind
from campaign.models import OutboxMessage, StaffRole
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.donations.test_tribute_cards import BY_EMAIL, BY_POST
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.mark.parametrize(
    ("card", "shown"),
    [
        (BY_EMAIL, ("by email to Ben Ortiz", "ben@example.org", "She read it aloud.")),
        (
            BY_POST,
            ("by mail to Ben Ortiz", "12 Pier Road", "will be printed with the next mailing"),
        ),
    ],
)
def test_a_card_and_its_email_are_on_the_donation_page(
    installation: Installation,
    give: Give,
    store: Store,
    staff: StaffMaker,
    card: object,
    shown: tuple[str, ...],
) -> None:
    facts = give(tribute_kind="memory", tribute_name="Rosa Reyes", card=card)
    store(facts.completed())
    apply_due_events(installation)
    page = staff(StaffRole.viewer).get(f"/staff/donations/{facts.donation.public_id}").text
    for part in (*shown, "from Ana Reyes", "in memory of Rosa Reyes"):
        assert part in page
    assert (">Tribute card</a></th>" in page) is (card is BY_EMAIL)


def test_a_failed_email_links_to_its_donation_or_donor(
    installation: Installation, give: Give, store: Store, staff: StaffMaker
) -> None:
    facts = give(card=BY_EMAIL, tribute_kind="honor", tribute_name="Ben")
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(state="failed", last_error="550 no such user"))
        kinds = set(session.scalars(select(OutboxMessage.kind)))
    assert kinds == {EmailKind.receipt, EmailKind.tribute_card}
    page = staff(StaffRole.viewer).get("/staff/").text
    assert f'<a href="/staff/donations/{facts.donation.public_id}">tribute card' in page
    assert '<a href="/staff/donors?q=ana%40example.org">receipt' in page
