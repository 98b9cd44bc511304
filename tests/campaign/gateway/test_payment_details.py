"""What Stripe knows about the payer and the card of a disputed payment."""

from typing import Any

import pytest

from campaign.gateway.payment_details import read_dispute_details, read_payment_details

CARD: dict[str, Any] = {
    "id": "ch_1",
    "created": 1_797_926_400,
    "calculated_statement_descriptor": "HARBOR LEDGER",
    "billing_details": {
        "name": "Ana Reyes",
        "email": "ana@example.org",
        "address": {"line1": "1 Main St", "line2": None, "city": None, "postal_code": "97103"},
    },
    "payment_method_details": {
        "type": "card",
        "card": {
            "brand": "visa",
            "last4": "4242",
            "fingerprint": "abc",
            "checks": {"cvc_check": "pass", "address_postal_code_check": "fail"},
            "three_d_secure": {"result": "authenticated", "version": "2.2.0"},
        },
    },
}


def test_a_card_has_its_checks_and_only_the_lines_of_the_address_that_exist() -> None:
    read = read_payment_details(CARD)
    assert read.address == ("1 Main St", "97103")
    assert (read.cvc_check, read.postal_code_check, read.line1_check) == ("pass", "fail", "")
    assert (read.three_d_secure, read.three_d_secure_version) == ("authenticated", "2.2.0")
    assert (read.method, read.brand, read.last4, read.fingerprint) == (
        "card",
        "visa",
        "4242",
        "abc",
    )


def test_a_bank_account_has_no_card_checks() -> None:
    bank = {"bank_name": "STRIPE TEST BANK", "last4": "6789", "fingerprint": "def"}
    details = {"type": "us_bank_account", "us_bank_account": bank}
    read = read_payment_details(CARD | {"payment_method_details": details})
    assert (read.method, read.brand, read.last4) == ("us_bank_account", "STRIPE TEST BANK", "6789")
    assert (read.cvc_check, read.three_d_secure) == ("", "")


@pytest.mark.parametrize("missing", ["billing_details", "payment_method_details"])
def test_what_stripe_does_not_have_is_empty(missing: str) -> None:
    read = read_payment_details(CARD | {missing: None})
    assert read.charge_id == "ch_1"
    assert not (read.address if missing == "billing_details" else read.method)


def test_a_dispute_says_its_network_code_and_what_was_submitted() -> None:
    card = {"brand": "visa", "network_reason_code": "10.4"}
    evidence = {"submission_count": 1, "past_due": True}
    read = read_dispute_details(
        {"payment_method_details": {"type": "card", "card": card}, "evidence_details": evidence}
    )
    assert (read.network, read.network_reason_code) == ("visa", "10.4")
    assert (read.submissions, read.past_due) == (1, True)


def test_a_bank_debits_dispute_has_no_network() -> None:
    read = read_dispute_details({"payment_method_details": None, "evidence_details": None})
    assert (read.network, read.network_reason_code, read.submissions) == ("", "", 0)
