"""What a filled-in form means: every fault beside its field, and amounts as people type them."""

import pytest
from flask.testing import FlaskClient

from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.core.i18n import words
from campaign.models import Campaign
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.donate_form import donations, give


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
def test_a_bad_amount_is_named_beside_its_field_and_nothing_is_written(
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
def test_every_other_fault_is_named_too(
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


def test_an_amount_is_read_and_refused_as_people_of_the_page_write_it() -> None:
    spanish = words("es")
    assert money.parse_amount("$1,000.50", "usd", spanish.formats) == 100_050
    with pytest.raises(AmountInvalid) as refused:
        money.parse_amount("25,00", "usd", spanish.formats)
    told = refused.value.told_by(spanish.gettext)
    assert told == "No podemos leer “25,00” como un monto. Use cifras, por ejemplo 25 o 25.50."
