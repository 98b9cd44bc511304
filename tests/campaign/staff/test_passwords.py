"""Which passwords are accepted."""

import pytest

from campaign.staff.passwords import common_words, password_fault

ABOUT = ("ana.reyes@example.org", "Ana Reyes", "The Harbor Ledger")


@pytest.mark.parametrize(
    "password",
    [
        "tapir umbrella kilowatt",
        "x7#Lq9!vTz2m",
        "Der Igel zählt Ähren",
        "пять ленивых выдр поют",
        "seven lumpy otters 2026",
        "🦦" * 3 + "🐡🦑🪼🐙🦞🦀🐠🐟🐬",
        "q" + "w7zk4" * 25,
    ],
)
def test_unexpected_passwords_of_any_characters_are_accepted(password: str) -> None:
    assert password_fault(password, ABOUT) is None


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "x7#Lq" * 26,
        "aaaaaaaaaaaaaaa",
        "abababababababab",
        "abcdefghijklmnop",
        "zyxwvutsrqponm",
        "qwertyuiop1234",
        "mnbvcxzlkjhgfdsa",
        "198407231984",
        "Password123456",
        "P@ssw0rd2026!!",
        "passwordpassword",
        "Welcome-Admin-2026",
        "ILoveYouForever1",
        "correct horse battery staple",
        "HarborLedger!99x",
        "ana.reyes@example.org",
        "reyes-ana-reyes",
    ],
)
def test_passwords_that_attackers_try_first_are_rejected_with_the_reason(password: str) -> None:
    fault = password_fault(password, ABOUT)
    assert fault is not None
    assert fault.endswith(".")


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        # Of at least 12 and at most 128 characters.
        ("tapirumbrel", False),
        ("tapirumbrelq", True),
        ("tkwzm7" * 21 + "tk", True),
        ("tkwzm7" * 21 + "tkw", False),
        # Of at least five different characters, in either case.
        ("tkwztkwztkwz", False),
        ("tkwzTKWZtkwz", False),
        ("tkwzmtkwzmtk", True),
        # Three steps of four along the keyboard or the alphabet: nine of twelve, then eight.
        ("abcdefghijxq7", False),
        ("jihgfedcbaxq7", False),
        ("abcdefghixq7v", True),
        # One letter besides at most three words, then two.
        ("passwordqpassword", False),
        ("passwordqzpassword", True),
        ("passwordpasswordpassword", False),
        ("passwordpasswordpasswordq", False),
        ("passwordpasswordpasswordqz", True),
        # Digits and signs at the ends are ignored, within they are read as letters.
        ("99!!p4ssw0rd77!!", False),
        ("reyes19841231", False),
        ("quoreyesquox", False),
        # Letters between digits and signs: two of them are not enough unless they are a name.
        ("9;27q6?58w3&", True),
        ("9;27q6?58q3&", True),
        ("9;27?q6?58;3&", False),
        ("9;27o6?58b3&", True),
        ("9;27b6?58o3&", True),
        ("9;27q6?58x3&", False),
        # Two letters of an address are no word, three are.
        ("qvobqvxkobmz", True),
    ],
)
def test_each_rule_begins_where_it_is_said_to(password: str, *, accepted: bool) -> None:
    about = ("ob@example.org", "Quo Reyes", "Qx")
    assert (password_fault(password, about) is None) is accepted


def test_the_reason_says_which_rule_was_broken() -> None:
    for password, words in (
        ("short", "at least 12 characters"),
        ("x" * 129, "at most 128 characters"),
        ("198407231984", "only digits"),
        ("tkwztkwztkwz", "repeated or consecutive"),
        ("passwordpassword", "words that attackers try first"),
    ):
        assert words in str(password_fault(password, ())), password


def test_the_word_list_is_small_and_plain() -> None:
    words = common_words()
    assert len(words) > 500
    assert all(word.isalpha() and word == word.lower() for word in words)
