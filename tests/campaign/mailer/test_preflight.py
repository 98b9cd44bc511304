"""Each fault that `campaign mail check` finds."""

import pytest

from campaign.core import clock
from campaign.core.settings import load_settings
from campaign.mailer.preflight import Verdict, findings

FINE = {
    "DATABASE_URL": "postgresql://127.0.0.1/nowhere",
    "SECRET_KEY": "s" * 40,
    "SITE_URL": "https://give.harbor-ledger.example",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "MAIL_FROM": "The Harbor Ledger <news@harbor-ledger.example>",
    "MAIL_BOUNCES": "bounces@mail.harbor-ledger.example",
    "ORG_NAME": "The Harbor Ledger",
    "ORG_EIN": "12-3456789",
    "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
    "ORG_TIMEZONE": "America/Los_Angeles",
}


def wrong(**changes: str) -> list[str]:
    settings = load_settings(FINE | changes, broker=False)
    found = findings(settings, clock.now())
    return [one.words for one in found if one.verdict is Verdict.wrong]


def test_correct_settings_have_no_faults() -> None:
    assert wrong() == []
    assert wrong(MAIL_BOUNCES="") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SITE_URL": "http://give.harbor-ledger.example"}, "needs https"),
        ({"SITE_URL": "https://localhost"}, "cannot reach it"),
        ({"MAIL_BOUNCES": "bounces@elsewhere.example"}, "not aligned"),
        ({"MAIL_BOUNCES": "b" * 50 + "@harbor-ledger.example"}, "not a valid email address"),
        ({"MAIL_FROM": "News <news@localhost>", "MAIL_BOUNCES": ""}, "no dot"),
        ({"SMTP_URL": "smtp://a:b@mail.invalid:25"}, "not encrypted"),
    ],
)
def test_each_fault_is_named(changes: dict[str, str], words: str) -> None:
    assert any(words in one for one in wrong(**changes))
