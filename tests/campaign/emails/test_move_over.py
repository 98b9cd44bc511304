"""The invitation to move a gift here: sent while it makes sense, with the form's amount filled in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from time_machine import travel

from campaign.core.clock import now
from campaign.core.i18n import get_language
from campaign.emails.move_over import CODE, move_over, move_over_context
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.render import render_email
from campaign.models import Campaign, Donor, GiftElsewhere
from campaign.runtime.context import Installation
from tests.support.email_contexts import BuildEmail, change, claim, text
from tests.support.raw_sql import insert


@dataclass(frozen=True)
class Gift:
    """A gift that is not in the database, as the samples have it."""

    amount: int = 1000
    currency: str = "usd"
    frequency: str = "monthly"
    processor: str = "PayPal"


@pytest.fixture
def sender(installation: Installation) -> Sender:
    return Sender(installation.settings.organization, installation.address)


@pytest.fixture
def gift(installation: Installation, campaign: Campaign) -> int:
    """Bo's $10 a month by PayPal."""
    donor = insert(installation, Donor, email="Bo@reader.test", name="Bo")
    gift_id: int = insert(
        installation,
        GiftElsewhere,
        system="old-crm",
        external_id="P1",
        donor_id=donor,
        frequency="monthly",
        amount=1000,
        currency=campaign.currency,
        processor="PayPal",
    )
    return gift_id


def asked(
    installation: Installation, campaign: Campaign, details: dict[str, Any], **values: Any
) -> dict[str, Any] | ObsoleteEmail:
    """Return what the email to Bo about the gift in `details` would say."""
    wanted = {"campaign_id": campaign.id, "recipient": "bo@reader.test", "details": details}
    sender = Sender(installation.settings.organization, installation.address)
    with installation.sessions() as session:
        return move_over(session, claim("move_over", **{**wanted, **values}), sender)


def form(context: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(urlsplit(context["give_url"]).query)


def test_it_says_what_the_gift_is_and_links_to_the_form(
    installation: Installation, campaign: Campaign, gift: int
) -> None:
    found = asked(installation, campaign, {"gift": gift})
    assert isinstance(found, dict)
    assert (found["processor"], found["amount_text"]) == ("PayPal", "$10")
    assert found["give_url"].startswith(installation.address(f"/c/{campaign.slug}?"))
    assert found["give_url"].endswith("#give")
    assert form(found) == {"frequency": ["monthly"], "amount": ["10"], "code": [CODE]}


def test_the_gift_is_told_by_its_number_and_its_donors_address(
    installation: Installation, campaign: Campaign, gift: int
) -> None:
    ended = ObsoleteEmail("that gift has ended")
    assert asked(installation, campaign, {"gift": gift + 1}) == ended
    assert asked(installation, campaign, {}) == ended
    assert asked(installation, campaign, {"gift": gift}, recipient="cy@reader.test") == ended
    other_case = asked(installation, campaign, {"gift": gift}, recipient="BO@READER.TEST")
    assert isinstance(other_case, dict)


def test_a_gift_that_has_ended_is_not_asked_for(
    installation: Installation, campaign: Campaign, gift: int
) -> None:
    change(installation, GiftElsewhere, ended_at=now())
    assert asked(installation, campaign, {"gift": gift}) == ObsoleteEmail("that gift has ended")


@pytest.mark.parametrize(("left", "sent"), [(timedelta(seconds=1), True), (timedelta(), False)])
def test_it_is_sent_until_the_campaigns_deadline(
    installation: Installation, campaign: Campaign, gift: int, left: timedelta, sent: bool
) -> None:
    with travel(campaign.deadline - left, tick=False):
        found = asked(installation, campaign, {"gift": gift})
    closed = ObsoleteEmail("the campaign does not take gifts now")
    assert isinstance(found, dict) if sent else found == closed


def test_a_message_of_the_queue_is_rendered_for_its_reader(
    campaign: Campaign, gift: int, ask: BuildEmail
) -> None:
    wanted = {"campaign_id": campaign.id, "recipient": "bo@reader.test", "details": {"gift": gift}}
    said = text(ask("move_over", **wanted))
    assert "Dear Ana," in said
    assert "PayPal" in said
    assert "$10" in said


@pytest.mark.parametrize(
    ("locale", "gift", "amount", "lang"),
    [
        ("en", Gift(1000), "10", None),
        ("en", Gift(1050), "10.50", None),
        ("es", Gift(1000), "10", ["es"]),
        ("en", Gift(500, "jpy"), "500", None),
    ],
)
def test_the_form_reads_the_amount_that_the_link_has(
    sender: Sender, locale: str, gift: Gift, amount: str, lang: list[str] | None
) -> None:
    fields = form(move_over_context(gift, "spring", sender, get_language(locale)))
    assert (fields["amount"], fields.get("lang")) == ([amount], lang)


@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
@pytest.mark.parametrize("processor", ["PayPal", ""])
def test_every_gift_can_be_worded(sender: Sender, frequency: str, processor: str) -> None:
    gift = Gift(frequency=frequency, processor=processor)
    for locale in ("en", "es"):
        context = move_over_context(gift, "spring", sender, get_language(locale))
        assert context["frequency"] == frequency
        email = render_email("move_over", context)
        assert email.subject.strip()
        assert ("PayPal" in email.text) == (processor == "PayPal")
