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


def test_the_word_list_is_small_and_plain() -> None:
    words = common_words()
    assert len(words) > 500
    assert all(word.isalpha() and word == word.lower() for word in words)
