"""Addresses for SMTP and names for headers."""

import pytest

from campaign.core.errors import MailRefused
from campaign.mailer.addresses import (
    LONGEST_LOCAL_PART,
    bounce_address,
    mailbox,
    one_line,
    phrase,
    wire_address,
)


def test_a_domain_goes_over_the_wire_in_ascii_and_a_local_part_as_it_is() -> None:
    addresses = {
        "Ana.Reyes+news@Example.org": "Ana.Reyes+news@Example.org",
        "ana@straße.de": "ana@xn--strae-oqa.de",
        "añá@example.org": "añá@example.org",
        "o'brien@example.org": "o'brien@example.org",
    }
    assert {given: wire_address(given) for given in addresses} == addresses


def test_a_local_part_has_at_most_64_octets_not_letters() -> None:
    longest = "x" * LONGEST_LOCAL_PART + "@example.org"
    assert wire_address(longest) == longest
    assert wire_address("é" * 32 + "@example.org")
    for local in ("x" * 65, "é" * 33):
        with pytest.raises(MailRefused, match=r"is not a valid email (address|domain)"):
            wire_address(f"{local}@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example.org\n",
        "ana\t@example.org",
        "a@b@example.org>",
        'a"b@example.org',
        "ana@exa mple.org",
        "ana@example.org\u202e",
        "ana\x00@example.org",
        "ana@-ü-.org",
        "ana@ü..org",
    ],
)
def test_what_no_command_may_hold_is_refused(address: str) -> None:
    with pytest.raises(MailRefused, match=r"is not a valid email (address|domain)"):
        wire_address(address)
    with pytest.raises(MailRefused):
        mailbox("Ana", address)


def test_what_comes_back_names_the_message_at_our_own_mailbox() -> None:
    address = bounce_address("bounces@mail.example.org", "Ab-_9")
    assert address == "bounces+Ab-_9@mail.example.org"
    assert wire_address(address) == address


def test_one_line_has_no_breaks_nor_what_cannot_be_seen() -> None:
    assert one_line(" Ana\r\nBcc: x\u2028\u202e\x00y \u200b ") == "Ana Bcc: x y"
    assert one_line("Zoë O’Brien") == "Zoë O’Brien"
    assert one_line("\n") == ""


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ana Reyes", "Ana Reyes <ana@example.org>"),
        ("", "ana@example.org"),
        ("\n", "ana@example.org"),
        ("Reyes, Ana", '"Reyes, Ana" <ana@example.org>'),
        ('Ana "A" \\', '"Ana \\"A\\" \\\\" <ana@example.org>'),
        ("Dr. Ana", '"Dr. Ana" <ana@example.org>'),
        ("Zoë", "=?utf-8?q?Zo=C3=AB?= <ana@example.org>"),
    ],
)
def test_a_name_is_quoted_where_it_must_be_and_encoded_where_it_is_not_ascii(
    name: str, written: str
) -> None:
    assert mailbox(name, "ana@example.org") == written


def test_a_long_name_in_other_letters_is_folded_into_short_lines() -> None:
    lines = phrase("Zoë " * 60).split("\r\n")
    assert len(lines) > 1
    assert all(len(line) <= 76 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
