"""What Stripe refuses at checkout is said beside the field it objects to, and never blamed on another one."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign
from tests.support.donate_form import give
from tests.support.scripted_stripe import PreparedAnswer, ScriptedStripe

AMOUNT = "amount"
EMAIL = "email"
NO_FIELD = ""


def refusal(status: int = 400, **error: str) -> PreparedAnswer:
    shown = {"type": "invalid_request_error", "message": "No.", **error}
    return PreparedAnswer({"error": shown}, status, {"Stripe-Should-Retry": "false"})


@pytest.fixture
def scripted() -> Iterator[ScriptedStripe]:
    with ScriptedStripe(refusal()) as stripe:
        yield stripe


@pytest.fixture
def stripe_api_base(scripted: ScriptedStripe) -> str:
    return scripted.url


def faulty_fields(page: str) -> set[str]:
    """Return the fields that have an error beside them."""
    return set(re.findall(r'<p class="error" id="(\w+)-error">', page))


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        (
            refusal(code="email_invalid", param="customer_email"),
            EMAIL,
            "does not accept this email address",
        ),
        (refusal(param="customer_email"), EMAIL, "does not accept this email address"),
        (
            refusal(
                code="amount_too_small",
                message="The Checkout Session's total amount must convert to at least 50 cents.",
            ),
            AMOUNT,
            "cannot charge so small an amount",
        ),
        (
            refusal(code="amount_too_large", param="line_items[0][price_data][unit_amount]"),
            AMOUNT,
            "cannot charge so large an amount",
        ),
        (
            refusal(param="line_items[0][price_data][currency]", message="Invalid currency: xxx."),
            NO_FIELD,
            "cannot take this currency right now",
        ),
        (refusal(code="parameter_unknown", param="locale"), NO_FIELD, "declined this gift"),
        (refusal(code="url_invalid", param="success_url"), NO_FIELD, "declined this gift"),
        (refusal(402, code="account_closed"), NO_FIELD, "declined this gift"),
    ],
)
@pytest.mark.parametrize("frequency", ["one_time", "monthly"])
def test_a_refusal_names_what_it_is_about(
    client: FlaskClient,
    campaign: Campaign,
    scripted: ScriptedStripe,
    answer: PreparedAnswer,
    field: str,
    words: str,
    frequency: str,
) -> None:
    scripted.answers = [answer]
    shown = give(client, frequency=frequency)
    assert shown.status_code == 422
    assert words in shown.text
    assert faulty_fields(shown.text) == ({field} if field else set())
    assert "check the amount" not in shown.text.lower()


@pytest.mark.parametrize(
    "answer",
    [
        refusal(401, message="Invalid API Key provided: rk_test_********wxyz"),
        refusal(
            403,
            message="The provided key 'rk_test_********wxyz' does not have the required permissions for this endpoint"
            " on account 'acct_1'. Having the 'rak_checkout_session_write' permission would allow this request.",
        ),
    ],
)
def test_a_key_without_the_permission_is_ours_to_change(
    client: FlaskClient,
    campaign: Campaign,
    scripted: ScriptedStripe,
    answer: PreparedAnswer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scripted.answers = [answer]
    shown = give(client)
    assert (shown.status_code, shown.headers["Retry-After"]) == (503, "30")
    assert "We cannot take card gifts right now" in shown.text
    assert faulty_fields(shown.text) == set()
    assert "rk_test" not in shown.text
    # The permission's name is in the log, for whoever changes the key.
    assert answer.body["error"]["message"].split("'")[0] in caplog.text


def test_the_same_form_with_another_address_is_sent_again(
    client: FlaskClient,
    campaign: Campaign,
    scripted: ScriptedStripe,
    as_session: Callable[[], PreparedAnswer],
) -> None:
    scripted.answers = [refusal(code="email_invalid", param="customer_email"), as_session()]
    assert give(client, email="donor@example.con").status_code == 422
    assert give(client, email="donor@example.com").status_code == 303


@pytest.fixture
def as_session() -> Callable[[], PreparedAnswer]:
    """Return the answer to a session that Stripe creates."""

    def made() -> PreparedAnswer:
        return PreparedAnswer(
            {
                "id": "cs_test_1",
                "object": "checkout.session",
                "created": 1_796_000_000,
                "mode": "payment",
                "status": "open",
                "payment_status": "unpaid",
                "url": "https://checkout.stripe.com/c/pay/cs_test_1",
                "expires_at": 1_796_080_000,
            }
        )

    return made
