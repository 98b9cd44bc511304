"""Normal forms of typed email addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.mailboxes import LONGEST_ADDRESS, lookup_form, mailbox_key


@pytest.mark.parametrize(
    "typed",
    [
        " Ana@Example.ORG\n",
        "ana\x00@example.org",
        "an\u200ba@example.org",
        "ana@example.org\x1f",
        "\u202eana@example.org",
        "ＡＮＡ＠ｅｘａｍｐｌｅ．ｏｒｇ",
        "ana@example.org.",
        "ana @example.org",
        "ana\x7f@exam\xadple.org",
    ],
)
def test_every_spelling_of_an_address_is_looked_up_as_one(typed: str) -> None:
    assert lookup_form(typed) == "ana@example.org"


def test_a_host_in_another_script_is_its_ascii_form() -> None:
    assert lookup_form("ana@BÜCHER.example") == "ana@xn--bcher-kva.example"
    assert lookup_form("ana@xn--bcher-kva.example") == "ana@xn--bcher-kva.example"


def test_addresses_of_different_people_stay_apart() -> None:
    addresses = ["ana@example.org", "an.a@example.org", "ana+x@example.org", "aña@example.org"]
    assert len({lookup_form(one) for one in addresses}) == len(addresses)


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ana+news@example.org", "ana@example.org"),
        ("a.n.a@example.org", "a.n.a@example.org"),
        ("a.n.a+1@gmail.com", "ana@gmail.com"),
        ("A.na@GoogleMail.com", "ana@gmail.com"),
        ("ana-shop@yahoo.com", "ana@yahoo.com"),
        ("ana-shop@example.org", "ana-shop@example.org"),
        ("+tag@example.org", "+tag@example.org"),
        ('"ana"@example.org', "ana@example.org"),
        ("no address", "noaddress"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_mailbox_have_one_key(address: str, mailbox: str) -> None:
    assert mailbox_key(address) == mailbox


@given(st.text(max_size=300))
def test_any_text_has_a_form_that_does_not_change_again(text: str) -> None:
    once = lookup_form(text)
    assert lookup_form(once) == once
    # An ASCII host may be longer than what was typed.
    assert len(once) <= 5 * LONGEST_ADDRESS
    assert mailbox_key(once) == mailbox_key(text)
