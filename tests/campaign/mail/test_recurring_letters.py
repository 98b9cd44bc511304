"""The letters about monthly gifts, word for word; run with UPDATE_LETTERS=1 to write them anew."""

import os
from pathlib import Path

import pytest

from campaign.mail import render_letter
from tests.campaign.mail.test_receipt_letter import ORGANIZATION
from tests.campaign.mail.test_receipt_letter import context as receipt_context

FOLDER = Path(__file__).parent


def context(**changes: object) -> dict[str, object]:
    return {
        "donor_name": "Ana Reyes",
        "amount_text": "$26.06",
        "every": "month",
        "frequency": "monthly",
        "failed_date_text": "December 22, 2026",
        "ended_date_text": "January 7, 2027",
        "given_up": True,
        "mend_url": "https://invoice.stripe.com/i/abc",
        "subscription_url": "https://give.example.org/subscriptions/abc",
        "give_url": "https://give.example.org/",
        "organization": ORGANIZATION,
        "locale": "en",
        **changes,
    }


@pytest.mark.parametrize(
    ("kind", "name", "changes"),
    [
        ("renewal_failed", "renewal_failed", {}),
        ("renewal_failed", "renewal_failed_plain", {"mend_url": "", "donor_name": ""}),
        ("subscription_ended", "subscription_given_up", {}),
        ("subscription_ended", "subscription_ended", {"given_up": False}),
    ],
)
def test_the_plain_text_is_written_as_such(kind: str, name: str, changes: dict[str, str]) -> None:
    expected = FOLDER / f"{name}.txt"
    letter = render_letter(kind, context(**changes))
    text = f"{letter.subject}\n\n{letter.text}"
    if os.environ.get("UPDATE_LETTERS") == "1":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 76


@pytest.mark.parametrize("kind", ["renewal_failed", "subscription_ended"])
def test_the_html_says_the_same_and_holds_no_picture(kind: str) -> None:
    html = render_letter(kind, context()).html
    for said in ("$26.06", "https://give.example.org/subscriptions/abc", "prefers-color-scheme"):
        assert said in html
    assert "<img" not in html
    assert len(html) < 20_000


def test_the_receipt_of_a_monthly_gift_leads_to_its_page() -> None:
    address = "https://give.example.org/subscriptions/abc"
    letter = render_letter("receipt", receipt_context() | {"subscription_url": address})
    assert f"Change, pause or end it: {address}\n" in letter.text
    assert f'href="{address}"' in letter.html


def test_a_name_cannot_write_markup() -> None:
    letter = render_letter("renewal_failed", context(donor_name="<b>A</b>"))
    assert "<b>A</b>" not in letter.html
