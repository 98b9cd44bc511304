"""Suggested amounts, the hint about fees, and how to give by mail, each in the page's language."""

import pytest
from flask import Flask

from campaign.core.settings import Settings
from campaign.models import Campaign
from campaign.web.appeal.suggestions import cover_hint, present_mail, present_suggestions


def test_amounts_are_shown_as_people_write_them(app: Flask, campaign: Campaign) -> None:
    campaign.suggested_amounts = [550, 100_000]
    with app.test_request_context("/"):
        found = present_suggestions(campaign)
    assert [(one.value, one.text) for one in found] == [("5.50", "$5.50"), ("1000", "$1,000")]


@pytest.mark.parametrize(
    ("address", "hint", "postmark"),
    [
        ("/", "On a gift of $25, that adds $1.06.", "December 31, 2099"),
        ("/?lang=es", "$1.06", "31 de diciembre de 2099"),
    ],
)
def test_the_hint_and_the_last_postmark_follow_the_language(
    app: Flask, campaign: Campaign, settings: Settings, address: str, hint: str, postmark: str
) -> None:
    with app.test_request_context(address):
        assert hint in cover_hint(campaign, 106, 2500)
        mail = present_mail(campaign, settings.organization)
    assert postmark in mail.postmark_text
    assert (mail.payee, mail.code) == ("The Harbor Ledger", "NINE-DAYS")
    assert mail.address_lines == settings.organization.address_lines
