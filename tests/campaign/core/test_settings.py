"""Settings: every fault at once, secrets from files, nothing secret shown."""

from decimal import Decimal
from pathlib import Path

import pytest

from campaign.core.errors import ConfigurationError
from campaign.core.settings import Settings, load_database_url, load_settings

GOOD = {
    "DATABASE_URL": "postgresql://campaign:hidden-database@db.example/campaign",
    "BROKER_URL": "redis://:hidden-broker@broker.example/0",
    "SECRET_KEY": "hidden-key-" + "k" * 32,
    "SITE_URL": "https://give.example.org/",
    "STRIPE_SECRET_KEY": "sk_test_hiddenstripe",
    "STRIPE_WEBHOOK_SECRET": "whsec_hidden",
    "SMTP_URL": "smtp://mailer:hidden-mail@mail.example:2525",
    "MAIL_FROM": "The Harbor Ledger <receipts@harbor-ledger.example>",
    "ORG_NAME": "The Harbor Ledger",
    "ORG_EIN": "12-3456789",
    "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
    "ORG_TIMEZONE": "America/Los_Angeles",
}


def loaded(**changes: str) -> Settings:
    return load_settings({**GOOD, **changes})


def faults(environ: dict[str, str]) -> list[str]:
    """The lines below the first."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environ)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_every_missing_variable_is_listed_at_once() -> None:
    named = {line.partition(":")[0] for line in faults({})}
    assert named == set(GOOD)


def test_missing_and_wrong_values_are_listed_together() -> None:
    environ = {**GOOD, "SECRET_KEY": "short", "ORG_TIMEZONE": "Mars/Olympus", "BROKER_URL": "x"}
    del environ["ORG_EIN"]
    named = {line.partition(":")[0] for line in faults(environ)}
    assert named == {"SECRET_KEY", "ORG_TIMEZONE", "BROKER_URL", "ORG_EIN"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db.example/campaign"),
        ("DATABASE_URL", "db.example/campaign"),
        ("BROKER_URL", "http://broker.example"),
        ("SECRET_KEY", "k" * 31),
        ("SITE_URL", "give.example.org"),
        ("SITE_URL", "ftp://give.example.org"),
        ("STRIPE_API_BASE", "stripe"),
        ("STRIPE_SECRET_KEY", "pk_test_published"),
        ("STRIPE_SECRET_KEY", "sk_test_"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a,other"),
        ("SMTP_URL", "mail.example:587"),
        ("SMTP_URL", "smtp://mail.example:mail"),
        ("SMTP_URL", "smtp://mail.example:70000"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "News <news@example.org>\nBcc: all@example.org"),
        ("ORG_TIMEZONE", "PST"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "one"),
        ("CARD_FEE_RATE", "NaN"),
        ("MAIL_RATE", "-1"),
        ("MAIL_CONNECTIONS", "0"),
        ("MAIL_BOUNCES", "Bounces <bounces@harbor-ledger.example>"),
        ("MAIL_BOUNCES", "bounces+them@harbor-ledger.example"),
        ("MAIL_EVENTS_SECRET", "short"),
        ("ALERTS_TO", "the editor"),
        ("CARD_FEE_RATE", "0.5"),
        ("CARD_FEE_RATE", "2,9"),
        ("CARD_FEE_FIXED", "0.30"),
        ("STRIPE_WEBHOOK_SECRET", ","),
        ("STRIPE_WEBHOOK_SECRET", "whsec_"),
        ("SMTP_URL", "smtp://[::1"),
        ("SITE_URL", "https://[give"),
        ("SITE_URL", "https://give.example.org:web"),
        ("SITE_URL", "https://give.example.org/#top"),
        ("BROKER_URL", "redis://[::1"),
        ("DATABASE_URL", "postgresql://db.example:port/campaign"),
        ("ORG_ADDRESS", "|"),
    ],
)
def test_a_wrong_value_is_one_fault_with_its_name(name: str, value: str) -> None:
    found = faults({**GOOD, name: value})
    assert [line.partition(":")[0] for line in found] == [name]


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("f" * 40 + "\n")
    environ = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    assert load_settings({**environ, "SECRET_KEY_FILE": str(path)}).secret_key == "f" * 40


def test_a_value_set_twice_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("f" * 40)
    found = faults({**GOOD, "SECRET_KEY_FILE": str(path)})
    assert found == ["SECRET_KEY: set twice, as SECRET_KEY and as SECRET_KEY_FILE; keep one"]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    environ = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    found = faults({**environ, "SECRET_KEY_FILE": str(tmp_path / "none")})
    assert len(found) == 1
    assert found[0].startswith("SECRET_KEY_FILE: cannot be read")


def test_an_empty_file_is_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("\n")
    environ = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    assert faults({**environ, "SECRET_KEY_FILE": str(path)})[0].startswith("SECRET_KEY: is missing")


def test_several_webhook_secrets_work_while_rotating() -> None:
    settings = loaded(STRIPE_WEBHOOK_SECRET="whsec_new, whsec_old,")
    assert settings.stripe_webhook_secrets == ("whsec_new", "whsec_old")


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtp://mail.example", 25, "plain"),
        ("smtp://mail.example?starttls=1", 587, "starttls"),
        ("smtp://mail.example:2525?starttls=true", 2525, "starttls"),
        ("smtp://mail.example:587?starttls=0", 587, "plain"),
        ("smtps://mail.example", 465, "tls"),
        ("smtps://mail.example:8465", 8465, "tls"),
    ],
)
def test_the_mail_servers_security_follows_from_its_address(
    url: str, port: int, security: str
) -> None:
    smtp = loaded(SMTP_URL=url).smtp
    assert (smtp.host, smtp.port, smtp.security) == ("mail.example", port, security)
    assert (smtp.user, smtp.password) == (None, None)


def test_a_mail_password_may_hold_any_character() -> None:
    smtp = loaded(SMTP_URL="smtps://user%40host:p%40ss%3A%2F%25+%C3%A9@mail.example").smtp
    assert (smtp.host, smtp.user, smtp.password) == ("mail.example", "user@host", "p@ss:/%+é")


def test_web_and_workers_need_the_broker_and_a_command_does_not() -> None:
    environ = {name: value for name, value in GOOD.items() if name != "BROKER_URL"}
    assert load_settings(environ, broker=False).broker_url is None
    assert [line.partition(":")[0] for line in faults(environ)] == ["BROKER_URL"]


def test_migrations_need_only_the_database() -> None:
    url = load_database_url({"DATABASE_URL": "postgresql://db.example/campaign"})
    assert url == "postgresql+psycopg://db.example/campaign"
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        load_database_url({})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_postgresql_scheme_is_accepted(scheme: str) -> None:
    url = loaded(DATABASE_URL=f"{scheme}://db.example/campaign").database_url
    assert url == "postgresql+psycopg://db.example/campaign"


def test_no_secret_is_ever_shown() -> None:
    settings = loaded(SENTRY_DSN="https://hidden-sentry@sentry.example/1")
    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings)


def test_no_secret_is_in_the_list_of_faults() -> None:
    environ = {**GOOD, "STRIPE_WEBHOOK_SECRET": "hidden", "ORG_NAME": "", "SECRET_KEY": "hidden"}
    assert "hidden" not in " ".join(faults(environ))


@pytest.mark.parametrize(
    ("key", "live"),
    [("sk_test_a", False), ("rk_test_live_a", False), ("sk_live_a", True), ("rk_live_a", True)],
)
def test_the_key_determines_live_mode(key: str, live: bool) -> None:
    assert loaded(STRIPE_SECRET_KEY=key).livemode is live


@pytest.mark.parametrize("given", ["a | b|c", "a\nb\r\nc", r"a\nb\nc", "a||b|c|"])
def test_the_postal_address_has_lines(given: str) -> None:
    assert loaded(ORG_ADDRESS=given).organization.address_lines == ("a", "b", "c")


def test_missing_values_have_defaults() -> None:
    settings = loaded()
    assert settings.site_url == "https://give.example.org"
    assert settings.stripe_api_base == "https://api.stripe.com"
    assert settings.trusted_proxies == 0
    assert (settings.card_fee_rate, settings.card_fee_fixed) == (Decimal("0.029"), 30)
    assert settings.organization.email == "receipts@harbor-ledger.example"
    assert settings.mail_from.domain == "harbor-ledger.example"
