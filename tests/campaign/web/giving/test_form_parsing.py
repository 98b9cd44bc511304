"""Parsing the donation form: an error for each invalid field, and amounts as people type them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.core.i18n import get_language
from campaign.core.money import LARGEST_CHARGE, calculate_fee_cover
from campaign.donations.donations import Gift
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.web.forms import GiftForm
from campaign.web.giving.form_parsing import read_gift, wall_comment_wording, wall_wording
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.donate_form import donations, give
from tests.support.figures import campaign_of


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.mark.parametrize(
    "amount",
    [
        "abc",
        "-5",
        "0",
        "0.001",
        "NaN",
        "inf",
        "1e9",
        "１２",
        "999999999",
        "25,00",
        "",
        "0.49",
        "\x00",
    ],
)
def test_an_invalid_amount_has_an_error_and_nothing_is_saved(
    client: FlaskClient, installation: Installation, campaign: Campaign, amount: str
) -> None:
    answer = give(client, amount="other", amount_other=amount, name="Ana Reyes")
    assert answer.status_code == 422
    assert 'value="Ana Reyes"' in answer.text
    assert 'value="ana@example.org"' in answer.text
    assert 'role="alert"' in answer.text
    assert donations(installation) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "ana"),
        ("email", "ana@"),
        ("email", "ana@example.org\r\nBcc: x@example.org"),
        ("email", "ana@exam ple.org"),
        ("frequency", "weekly"),
        ("name", "n" * 201),
        ("comment", "c" * 1001),
        ("tribute_kind", "honor"),
        ("tribute_kind", "spite"),
        ("tribute_name", "Grandmother"),
        ("amount_other", "40"),
    ],
)
def test_every_other_invalid_field_has_an_error(
    client: FlaskClient, installation: Installation, campaign: Campaign, field: str, value: str
) -> None:
    answer = give(client, **{field: value})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert donations(installation) == []


@pytest.mark.parametrize("amount", ["25", "25.00", "$25", " 25 ", "25 USD"])
def test_amounts_as_people_type_them(
    client: FlaskClient, installation: Installation, campaign: Campaign, amount: str
) -> None:
    assert give(client, amount=amount).status_code == 303
    assert donations(installation)[0].amount == 2500


def test_amounts_are_parsed_and_refused_in_the_pages_locale() -> None:
    spanish = get_language("es")
    assert money.parse_amount("$1,000.50", "usd", spanish.formats) == 100_050
    with pytest.raises(AmountInvalid) as refused:
        money.parse_amount("25,00", "usd", spanish.formats)
    reported = refused.value.translated(spanish.gettext)
    assert reported == "“25,00” no es un monto válido. Use números, por ejemplo 25 o 25.50."


@pytest.fixture
def asked(app: Flask) -> Iterator[None]:
    """A request for a page in English."""
    with app.test_request_context("/c/winter/donate"):
        yield


GIVEN = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "name": "Ana Reyes"}
CARD = {
    "tribute_kind": "memory",
    "tribute_name": "Rosa",
    "card": "post",
    "card_name": "Ben Ortiz",
    "card_address": "12 Pier Road\nAstoria",
}


def read(campaign: Campaign | None = None, **typed: Any) -> tuple[Gift | None, dict[str, str]]:
    """The gift, and the errors by field."""
    form = GiftForm(formdata=None, data={**GIVEN, **typed})
    shown = campaign or campaign_of(smallest_amount=100, wall_shown=True)
    gift = read_gift(form, shown, fee_rate=Decimal("0.029"), fee_fixed=30, strict=False)
    return gift, dict(form.complaints)


def gift_of(campaign: Campaign | None = None, **typed: Any) -> Gift:
    gift, faults = read(campaign, **typed)
    assert gift is not None, faults
    return gift


@pytest.mark.usefixtures("asked")
def test_the_smallest_and_the_largest_amount_are_the_limits() -> None:
    assert gift_of(amount="1").amount == 100
    assert gift_of(amount="999999.99").amount == LARGEST_CHARGE
    assert "$1" in read(amount="0.99")[1]["amount"]
    assert "$999,999.99" in read(amount="1000000")[1]["amount"]


@pytest.mark.usefixtures("asked")
def test_fees_that_exceed_the_maximum_are_refused_and_not_reduced() -> None:
    assert gift_of(cover_fees=True).fee_cover == 106
    gift, faults = read(amount="999999.99", cover_fees=True)
    assert (gift, list(faults)) == (None, ["cover_fees"])
    assert gift_of(amount="999999.99").fee_cover == 0


@pytest.mark.usefixtures("asked")
def test_a_typed_amount_counts_only_if_it_matches_or_other_is_chosen() -> None:
    assert gift_of(amount="25", amount_other="$25.00").amount == 2500
    assert gift_of(amount="other", amount_other="40").amount == 4000
    assert gift_of(amount="", amount_other="40").amount == 4000
    assert "You chose 25 and also typed 40." in read(amount_other="40")[1]["amount"]


@pytest.mark.usefixtures("asked")
def test_a_currency_without_decimals_has_none_and_its_cover_is_whole() -> None:
    yen = campaign_of(currency="jpy", smallest_amount=50)
    gift = gift_of(yen, amount="2,500", cover_fees=True)
    assert (gift.amount, gift.fee_cover) == (
        2500,
        calculate_fee_cover(2500, Decimal("0.029"), 30, "jpy"),
    )
    assert "amount" in read(yen, amount="2500.5")[1]


@pytest.mark.usefixtures("asked")
def test_a_card_needs_a_dedication_a_name_and_two_to_six_lines() -> None:
    card = gift_of(**CARD).card
    assert card is not None
    assert (card.sender, card.address) == ("Ana Reyes", "12 Pier Road\nAstoria")
    assert gift_of(**CARD | {"card_address": "\n".join("123456")}).card is not None
    for wrong, field in (
        ({"card_address": "12 Pier Road"}, "card_address"),
        ({"card_address": "\n".join("1234567")}, "card_address"),
        ({"card_name": " "}, "card_name"),
        ({"tribute_kind": "", "tribute_name": ""}, "tribute_kind"),
        ({"card": ""}, "card"),
        ({"card": "fax"}, "card"),
        ({"card": "email"}, "card_email"),
        ({"name": ""}, "card_from"),
    ):
        gift, faults = read(**CARD | wrong)
        assert (gift, field in faults) == (None, True), (wrong, faults)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "message", ["see HTTPS://x.example", "www.x.example", "go to evil.com/now", "x.io/a"]
)
def test_a_card_accepts_no_link(message: str) -> None:
    assert "card_message" in read(**CARD, card_message=message)[1]
    assert gift_of(**CARD, card_message="She read it. Always.").card is not None


@pytest.mark.usefixtures("asked")
def test_a_wall_request_stores_its_wording_and_the_comment_only_with_consent() -> None:
    ticked: dict[str, Any] = {"wall": True, "wall_place": "Astoria", "comment": "Read on."}
    wall = gift_of(**ticked).wall
    assert wall is not None
    assert (wall.place, wall.wording, wall.comment) == ("Astoria", wall_wording(), "")
    both = gift_of(**ticked, wall_comment=True).wall
    assert both is not None
    assert both.comment == "Read on."
    assert both.wording == f"{wall_wording()} / {wall_comment_wording()}"
    assert "wall" in read(**ticked, anonymous=True)[1]
    assert "wall" in read(**ticked | {"name": ""})[1]
    assert gift_of(campaign_of(smallest_amount=1, wall_shown=False), **ticked).wall is None


@pytest.mark.usefixtures("asked")
def test_a_gift_changed_after_its_review_is_another_attempt_and_a_long_code_is_truncated() -> None:
    gift = gift_of(attempt="a-1", reviewed="r", code="c" * 65)
    assert (gift.attempt, gift.code) == ("a-1:r", "c" * 64)
    assert gift_of(attempt="a-1").attempt == "a-1"
    assert (gift_of().consent_wording, bool(gift_of(subscribe=True).consent_wording)) == ("", True)


@pytest.mark.usefixtures("asked")
def test_all_errors_are_shown_together() -> None:
    wrong = {"amount": "x", "email": "", "frequency": "weekly", "name": "n" * 201}
    assert set(read(**wrong)[1]) == {"amount", "email", "frequency", "name"}
