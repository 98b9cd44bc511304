"""A service with a live Stripe key does not start with what only a test may have; a good one starts."""

import base64
import secrets
import string
import subprocess
import uuid
from pathlib import Path

import pytest

from campaign.core.errors import ConfigurationError
from campaign.core.live_mode import key_fault, surprise_bits
from campaign.core.settings import load_settings
from tests.support.web_server import COMMAND, PROBE, environment

ROOT = Path(__file__).resolve().parents[3]
LIVE = {
    "DATABASE_URL": "postgresql://campaign:0123@postgres:5432/campaign",
    "BROKER_URL": "redis://broker:6379/0",
    "SECRET_KEY": "8f3c1e0a7d5b9264e1f07a3c5d8b2946f0e1d2c3b4a59687c8d9e0f1a2b3c4d5",
    "SITE_URL": "https://give.example.org",
    "STRIPE_SECRET_KEY": "sk_live_51Nx",
    "STRIPE_WEBHOOK_SECRET": "whsec_9fK2mXq7LrT4vB8nZc1PwS6dHy3GjE5A",
    "SMTP_URL": "smtp://user:password@mail.example.org:587?starttls=1",
    "MAIL_FROM": "The Harbor Ledger <giving@example.org>",
    "ORG_NAME": "The Harbor Ledger",
    "ORG_EIN": "12-3456789",
    "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
    "ORG_TIMEZONE": "America/Los_Angeles",
}


def faults(**changes: str) -> list[str]:
    """Return the lines of the message below its first, each as `NAME: why`."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings(LIVE | changes)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_a_good_configuration_starts() -> None:
    assert load_settings(LIVE).livemode
    assert load_settings(LIVE | {"STRIPE_API_BASE": "https://api.stripe.com/"}).livemode
    rotating = LIVE["STRIPE_WEBHOOK_SECRET"] + ",whsec_" + "Q7xTz0Lm5" * 3
    assert load_settings(LIVE | {"STRIPE_WEBHOOK_SECRET": rotating}).livemode


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "s" * 40, "repeats itself"),
        ("SECRET_KEY", "correct-horse-battery-staple-forever", "made of words"),
        ("SITE_URL", "http://give.example.org", "must begin with https://"),
        ("SITE_URL", "https://localhost", "donors cannot reach"),
        ("SITE_URL", "https://127.0.0.1:8000", "donors cannot reach"),
        ("SITE_URL", "https://10.0.0.7", "donors cannot reach"),
        ("DATABASE_URL", "postgresql://db/test", "names the database test"),
        ("DATABASE_URL", "postgresql://db/campaign_test", "names the database campaign_test"),
        ("DATABASE_URL", "postgresql://db/Test-Campaign", "names the database Test-Campaign"),
        ("DATABASE_URL", "postgresql://db/sandbox", "names the database sandbox"),
        ("STRIPE_API_BASE", "http://127.0.0.1:8420", "must be https://api.stripe.com"),
        ("STRIPE_API_BASE", "https://api.stripe.com.evil.example", "must be https://api.stripe"),
        ("STRIPE_API_BASE", "http://api.stripe.com", "must be https://api.stripe.com"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_test_9fK2mXq7LrT4vB8nZc1PwS6dHy3", "is one for tests"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_sandbox", "is one for tests"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_short", "too short"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_" + "a" * 32, "too regular"),
        ("STRIPE_WEBHOOK_SECRET", LIVE["STRIPE_WEBHOOK_SECRET"] + ",whsec_for_tests", "for tests"),
        ("SNS_BASE_URL", "http://127.0.0.1:9", "leave it out"),
    ],
)
def test_what_only_a_test_may_have_stops_the_start(name: str, value: str, said: str) -> None:
    [fault] = faults(**{name: value})
    assert fault.startswith(f"{name}: ")
    assert said in fault
    # The same with a test key is how `./dev run` and the tests start.
    assert not load_settings(LIVE | {name: value, "STRIPE_SECRET_KEY": "sk_test_x"}).livemode


def test_a_missing_webhook_secret_stops_every_start() -> None:
    assert [one.partition(":")[0] for one in faults(STRIPE_WEBHOOK_SECRET="")] == [
        "STRIPE_WEBHOOK_SECRET"
    ]


ALL_WRONG = {
    "SECRET_KEY": "changeme" * 5,
    "SITE_URL": "http://localhost:8000",
    "DATABASE_URL": "postgresql://db/test",
    "STRIPE_API_BASE": "http://127.0.0.1:8420",
    "STRIPE_WEBHOOK_SECRET": "whsec_for_tests",
}


def test_every_fault_is_listed_at_once_and_no_secret_is_shown() -> None:
    found = faults(**ALL_WRONG)
    assert [one.partition(":")[0] for one in found] == [
        *("SECRET_KEY", "SITE_URL", "SITE_URL", "STRIPE_API_BASE", "DATABASE_URL"),
        "STRIPE_WEBHOOK_SECRET",
    ]
    assert not any("changeme" in one or "for_tests" in one for one in found)


def test_the_service_itself_does_not_start() -> None:
    """Before any process of it listens; with one message, without a traceback."""
    ended = subprocess.run(
        [*COMMAND, "--bind", "127.0.0.1:0", PROBE],
        env=environment(**(LIVE | ALL_WRONG)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    for name in ALL_WRONG:
        assert f"{name}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Listening" not in ended.stderr


def test_a_command_works_all_the_same() -> None:
    assert load_settings(LIVE | ALL_WRONG, broker=False).livemode


@pytest.mark.parametrize(
    "name", ["contest", "latest", "attestations", "campaign", "developers", "democracy", "fastest2"]
)
def test_a_database_whose_name_only_contains_such_a_word_is_fine(name: str) -> None:
    assert load_settings(LIVE | {"DATABASE_URL": f"postgresql://db/{name}"}).livemode


@pytest.mark.parametrize(
    "key",
    [
        *("s" * 40, "0" * 64, "abcd1234" * 5, "deadbeef" * 8, "aB3$" * 10, "0123456789abcdef" * 4),
        *("qwertyuiopasdfghjklzxcvbnm1234567890", "zyxwvutsrqponmlkjihgfedcba9876543210"),
        *("changemechangemechangemechangeme", "replace me with 32 random characters"),
        *("MyNewsroomDonationSecretKey2026!!", "harborledger2026harborledger2026!"),
        *("At least 32 random characters!!!", "12345678901234567890123456789012"),
        *("please-change-this-secret-key-before-production", "hidden-key-" + "k" * 32),
        *("correct-horse-battery-staple-forever", "thisisaverylongsecretthatnobodyknows"),
        "TheEditorsCatIsNamedMarmaladeAndSleepsAllDay",
    ],
)
def test_a_key_that_can_be_guessed_is_known(key: str) -> None:
    assert len(key) >= 32
    assert key_fault(key)


# Of the shortest kind, one in 20,000 looks like words; the others are far from every bound.
MAKERS = {
    "openssl rand -hex 32": lambda: secrets.token_hex(32),
    "openssl rand -hex 16": lambda: secrets.token_hex(16),
    "openssl rand -base64 32": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "token_urlsafe(48)": lambda: secrets.token_urlsafe(48),
    "a UUID": lambda: uuid.uuid4().hex,
    "letters": lambda: "".join(secrets.choice(string.ascii_letters) for _ in range(40)),
    "every character": lambda: "".join(secrets.choice(string.printable[:94]) for _ in range(40)),
}


@pytest.mark.parametrize("how", MAKERS)
def test_a_random_key_is_good_however_it_was_made(how: str) -> None:
    refused = [key for key in (MAKERS[how]() for _ in range(300)) if key_fault(key)]
    assert refused == []


def test_surprise_grows_with_what_is_new() -> None:
    key = "9xQ2vLr7TzK4"
    assert surprise_bits(key) > 40
    assert surprise_bits(key * 4) < surprise_bits(key) + 20
    assert surprise_bits("") == 0
