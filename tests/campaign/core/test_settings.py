"""Settings: every fault at once, secrets from files, nothing secret shown."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaign.core import backoff, booking_context
from campaign.core import settings as settings_module
from campaign.core.errors import ConfigurationError
from campaign.core.settings import (
    MailSettings,
    Settings,
    StaffSettings,
    load_database_url,
    load_settings,
)
from tests.support.frozen import assert_unchangeable, dataclasses_of

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
        ("EMAIL_CAP", "0"),
        ("EMAIL_CAP", "three"),
        ("MAIL_BOUNCES", "Bounces <bounces@harbor-ledger.example>"),
        ("MAIL_BOUNCES", "bounces+them@harbor-ledger.example"),
        ("MAIL_EVENTS_SECRET", "short"),
        ("ALERTS_TO", "the editor"),
        ("CARD_FEE_RATE", "0.5"),
        ("CARD_FEE_RATE", "2,9"),
        ("CARD_FEE_FIXED", "0.30"),
        ("CHART_OF_ACCOUNTS", "cash = 1000"),
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
    environ = {**GOOD, "STRIPE_SECRET_KEY": key}
    assert load_settings(environ, broker=False).livemode is live


def test_a_collectors_token_and_private_hosts_are_read() -> None:
    assert (loaded().metrics_token, loaded().private_hosts) == ("", frozenset())
    assert loaded(METRICS_TOKEN="t" * 16).metrics_token == "t" * 16
    named = loaded(OUTGOING_PRIVATE_HOSTS=" Lists.Internal, crm ,10.0.0.7,").private_hosts
    assert named == {"lists.internal", "crm", "10.0.0.7"}
    assert loaded(OUTGOING_PRIVATE_HOSTS="crm").outgoing.private_hosts == {"crm"}
    assert not loaded().outgoing.livemode
    for wrong in ("t" * 15, "with a space in it", "token-with-\u00fc-in-it"):
        assert [line.partition(":")[0] for line in faults({**GOOD, "METRICS_TOKEN": wrong})] == [
            "METRICS_TOKEN"
        ]
    for wrong in ("http://crm.internal", "a..b", "crm/hooks"):
        assert "OUTGOING_PRIVATE_HOSTS" in faults({**GOOD, "OUTGOING_PRIVATE_HOSTS": wrong})[0]


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


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("SECRET_KEY", "k" * 32, lambda found: found.secret_key == "k" * 32),
        ("SITE_URL", "http://localhost:8000/", lambda found: found.site_url == "http://localhost:8000"),
        ("STRIPE_API_BASE", "http://127.0.0.1:1/", lambda found: found.stripe_api_base == "http://127.0.0.1:1"),
        ("BROKER_URL", "redis://broker.example/0", lambda found: found.broker_url == "redis://broker.example/0"),
        ("BROKER_URL", "rediss://broker.example", lambda found: found.broker_url == "rediss://broker.example"),
        ("BROKER_URL", "unix:///run/valkey", lambda found: found.broker_url == "unix:///run/valkey"),
        ("BROKER_URL", "amqp://broker.example//", lambda found: found.broker_url == "amqp://broker.example//"),
        ("BROKER_URL", "amqps://broker.example//", lambda found: found.broker_url == "amqps://broker.example//"),
        ("TRUSTED_PROXIES", "2", lambda found: found.trusted_proxies == 2),
        ("CARD_FEE_RATE", "0.499", lambda found: found.card_fee_rate == Decimal("0.499")),
        ("CARD_FEE_RATE", "0", lambda found: found.card_fee_rate == 0),
        ("CARD_FEE_FIXED", "0", lambda found: found.card_fee_fixed == 0),
        ("CARD_FEE_FIXED", "25", lambda found: found.card_fee_fixed == 25),
        ("CHART_OF_ACCOUNTS", "fees = 1", lambda found: found.books.chart.account("Card fees").number == "1"),
        ("XERO_TAX_RATE", "No VAT", lambda found: found.books.xero_tax_rate == "No VAT"),
        ("SENTRY_DSN", "https://a@sentry.example/1", lambda found: found.sentry_dsn == "https://a@sentry.example/1"),
        ("ORG_REGISTRATION", "CT-1", lambda found: found.organization.registration == "CT-1"),
        ("ORG_NAME", "The Gull", lambda found: found.organization.name == "The Gull"),
        ("ORG_EIN", "98-7654321", lambda found: found.organization.ein == "98-7654321"),
        ("ORG_TIMEZONE", "Asia/Tokyo", lambda found: found.organization.timezone == "Asia/Tokyo"),
        ("MAIL_RATE", "0.5", lambda found: found.mail.rate == Decimal("0.5")),
        ("MAIL_RATE", "99999", lambda found: found.mail.rate == 99_999),
        ("MAIL_CONNECTIONS", "1", lambda found: found.mail.connections == 1),
        ("EMAIL_CAP", "1", lambda found: found.mail.email_cap == 1),
        ("MAIL_BOUNCES", "bounces@example.org", lambda found: found.mail.bounces == "bounces@example.org"),
        ("MAIL_EVENTS_SECRET", "e" * 32, lambda found: found.mail.events_secret == "e" * 32),
        ("ALERTS_TO", "ops@example.org", lambda found: found.mail.alerts_to == "ops@example.org"),
        ("MAIL_FROM", "news@example.org", lambda found: found.organization.email == "news@example.org"),
        ("STAFF_SECOND_FACTOR", "required", lambda found: found.staff.second_factor_required),
    ],
)  # fmt: skip
def test_a_value_at_the_edge_of_what_is_allowed_is_used(
    name: str, value: str, read: Callable[[Settings], bool]
) -> None:
    assert read(loaded(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_EVENTS_SECRET", "e" * 31),
        ("MAIL_RATE", "100000"),
        ("SITE_URL", "https://give.example.org/?a=b"),
        ("SITE_URL", "https://"),
        ("STRIPE_API_BASE", "https://api.stripe.com/?v=1"),
        ("STRIPE_SECRET_KEY", "sk_test_a b"),
        ("STRIPE_SECRET_KEY", "sk_prod_a"),
        ("STRIPE_SECRET_KEY", "xsk_test_a"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a b"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "http://mail.example"),
        ("MAIL_FROM", "a@b@example.org"),
        ("STAFF_SECOND_FACTOR", "yes"),
        ("CARD_FEE_RATE", "-0.01"),
        ("TRUSTED_PROXIES", "1000000"),
    ],
)
def test_a_value_just_beyond_is_one_fault_with_its_name(name: str, value: str) -> None:
    found = faults({**GOOD, name: value})
    assert [line.partition(":")[0] for line in found] == [name]


@pytest.mark.parametrize(
    ("flag", "security"),
    [
        *[(one, "starttls") for one in ("1", "true", "yes", "on", "TRUE", "0&starttls=1")],
        *[(one, "plain") for one in ("0", "no", "off", "", "2", "1&starttls=0")],
    ],
)
def test_starttls_is_asked_for_in_the_usual_words(flag: str, security: str) -> None:
    assert loaded(SMTP_URL=f"smtp://mail.example?starttls={flag}").smtp.security == security


def test_every_other_setting_has_a_default() -> None:
    settings = loaded()
    assert settings.mail == MailSettings(
        rate=Decimal(0),
        connections=4,
        bounces="",
        events_secret="",
        alerts_to="receipts@harbor-ledger.example",
    )
    assert settings.staff == StaffSettings(second_factor_required=False, oidc=None)
    assert (settings.sentry_dsn, settings.organization.registration) == (None, "")
    assert settings.organization.address_lines == ("1 Wharf Street", "Astoria, OR 97103")
    assert settings.organization.timezone == "America/Los_Angeles"
    assert (settings.organization.name, settings.organization.ein) == (
        "The Harbor Ledger",
        "12-3456789",
    )
    assert settings.mail_from.name == "The Harbor Ledger"


def test_the_secrets_of_mail_and_sign_in_are_not_shown_either() -> None:
    settings = loaded(
        MAIL_EVENTS_SECRET="hidden" * 8,
        OIDC_ISSUER="https://login.example.org",
        OIDC_CLIENT_ID="campaign",
        OIDC_CLIENT_SECRET="hidden-client",
    )
    assert settings.staff.oidc is not None
    assert settings.staff.oidc.client_secret == "hidden-client"
    assert "hidden" not in repr(settings)


def test_only_the_beginning_of_the_key_says_that_it_is_live() -> None:
    assert not loaded(STRIPE_SECRET_KEY="sk_test__live_a").livemode


@pytest.mark.parametrize("kind", dataclasses_of(settings_module, booking_context, backoff))
def test_settings_cannot_be_changed_after_the_start(kind: type[Any]) -> None:
    assert_unchangeable(kind)
