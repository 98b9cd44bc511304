"""Typed settings, read once from the environment. If any are wrong, startup stops and lists all of them at once.

Every variable may come from a file that `NAME_FILE` names instead (container secrets).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, unquote

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from campaign.core.chart_of_accounts import ChartOfAccounts, parse_chart
from campaign.core.clock import zone
from campaign.core.env_reader import Variables
from campaign.core.errors import DeadlineInvalid
from campaign.core.list_settings import ListSettings, read_lists
from campaign.core.live_mode import live_faults
from campaign.core.outside_text import read_host
from campaign.core.provider_settings import ProviderSettings, read_providers

if TYPE_CHECKING:
    # Loads http.client and ssl, which most commands do not need.
    from campaign.core.outgoing.connection import OutgoingRules


@dataclass(frozen=True)
class MailSettings:
    """Mail settings other than the server and the sender.

    `rate` is emails per second across all connections, 0 for as fast as the server accepts them; `connections` is how
    many are open at once. `bounces` is the mailbox that receives bounces, as `bounces+TOKEN@…`; if empty, the sender
    does. `events_secret` authenticates a provider that reports bounces. `alerts_to` gets the alerts for staff.
    `email_cap` is how many appeal emails a reader gets in seven days, over all campaigns.
    """

    rate: Decimal = Decimal(0)
    connections: int = 4
    bounces: str = ""
    events_secret: str = field(default="", repr=False)
    alerts_to: str = ""
    providers: ProviderSettings = field(default_factory=ProviderSettings)
    email_cap: int = 3


def read_mail(reader: Variables, sender_address: str, smtp_host: str) -> MailSettings:
    """Read the mail settings; `reader` collects faults. Alerts go to the sender by default."""
    connections = reader.count("MAIL_CONNECTIONS", "4")
    if connections < 1:
        reader.fault("MAIL_CONNECTIONS", "must be at least 1")
    cap = reader.count("EMAIL_CAP", "3")
    if cap < 1:
        reader.fault("EMAIL_CAP", "must be at least 1")
    secret = reader.optional("MAIL_EVENTS_SECRET") or ""
    if secret and len(secret) < 32:
        reader.fault("MAIL_EVENTS_SECRET", f"has {len(secret)} characters; it needs at least 32")
    return MailSettings(
        rate=reader.number("MAIL_RATE", "0", Decimal(100_000)),
        connections=connections,
        bounces=reader.mailbox("MAIL_BOUNCES"),
        events_secret=secret,
        alerts_to=reader.mailbox("ALERTS_TO") or sender_address,
        providers=read_providers(reader, smtp_host),
        email_cap=cap,
    )


_OPTIONAL, _REQUIRED = "optional", "required"


@dataclass(frozen=True)
class OidcSettings:
    """The organization's own identity provider (OpenID Connect): its URL and our client credentials."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class StaffSettings:
    """`second_factor_required`: finance and admins must set one up. `oidc`: None without a provider.

    `refund_sign_in_above`: refunds of more than this many minor units, in whatever currency, need a recent sign-in.
    """

    second_factor_required: bool = False
    oidc: OidcSettings | None = None
    refund_sign_in_above: int = 50_000


def read_staff(reader: Variables, *, livemode: bool) -> StaffSettings:
    """Read the staff settings; `reader` collects faults. Where real money moves, a second factor is required."""
    wanted = reader.optional("STAFF_SECOND_FACTOR") or (_REQUIRED if livemode else _OPTIONAL)
    if wanted not in {_OPTIONAL, _REQUIRED}:
        reader.fault("STAFF_SECOND_FACTOR", f"{wanted!r} must be {_OPTIONAL} or {_REQUIRED}")
    return StaffSettings(
        second_factor_required=wanted == _REQUIRED,
        oidc=_oidc(reader),
        refund_sign_in_above=reader.count("REFUND_SIGN_IN_ABOVE", "50000"),
    )


def _oidc(reader: Variables) -> OidcSettings | None:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    given = {name: reader.optional(name) or "" for name in names}
    if not any(given.values()):
        return None
    for name, value in given.items():
        if not value:
            reader.fault(
                name, "is missing; set all of OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET"
            )
    issuer = given["OIDC_ISSUER"].rstrip("/")
    parts = reader.address("OIDC_ISSUER", issuer, {"https", "http"})
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost"}:
        reader.fault("OIDC_ISSUER", "must begin with https://, so that sign-ins are encrypted")
    return OidcSettings(issuer, given["OIDC_CLIENT_ID"], given["OIDC_CLIENT_SECRET"])


@dataclass(frozen=True)
class BooksSettings:
    """How the organization's own books call the journal's accounts, and Xero the rate of no tax."""

    chart: ChartOfAccounts = field(default_factory=ChartOfAccounts)
    xero_tax_rate: str = "Tax Exempt"


def read_books(reader: Variables) -> BooksSettings:
    """Read the settings of the books; `reader` collects faults."""
    chart = ChartOfAccounts()
    try:
        chart = parse_chart(reader.optional("CHART_OF_ACCOUNTS") or "")
    except ValueError as error:
        reader.fault("CHART_OF_ACCOUNTS", str(error))
    usual = BooksSettings.xero_tax_rate
    return BooksSettings(chart, reader.optional("XERO_TAX_RATE") or usual)


_TRUE = {"1", "true", "yes", "on"}
_SMTP_PORTS = {"tls": 465, "starttls": 587, "plain": 25}


@dataclass(frozen=True)
class SmtpAddress:
    """The mail server. `security` is `plain`, `starttls` or `tls`."""

    host: str
    port: int
    security: str = "plain"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class FromAddress:
    """The From address of every email."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class Organization:
    """The organization that gets the gifts, for receipts and pages. `registration` is a line some states require."""

    name: str
    ein: str
    address_lines: tuple[str, ...]
    timezone: str
    email: str
    registration: str = ""


@dataclass(frozen=True)
class Settings:
    """All settings from the environment. Rates are fractions; amounts are in minor units."""

    database_url: str = field(repr=False)
    broker_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    site_url: str
    stripe_secret_key: str = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str
    smtp: SmtpAddress
    mail_from: FromAddress
    organization: Organization
    old_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    erased_list: Path | None = None
    trusted_proxies: int = 0
    card_fee_rate: Decimal = Decimal("0.029")
    card_fee_fixed: int = 30
    sentry_dsn: str | None = field(default=None, repr=False)
    mail: MailSettings = field(default_factory=MailSettings)
    staff: StaffSettings = field(default_factory=StaffSettings)
    books: BooksSettings = field(default_factory=BooksSettings)
    lists: ListSettings = field(default_factory=ListSettings)
    limits_url: str | None = field(default=None, repr=False)
    metrics_token: str = field(default="", repr=False)
    private_hosts: frozenset[str] = frozenset()

    @property
    def outgoing(self) -> "OutgoingRules":
        """Return where requests to typed addresses may go."""
        from campaign.core.outgoing.connection import OutgoingRules  # noqa: PLC0415 - the reason above

        return OutgoingRules(livemode=self.livemode, private_hosts=self.private_hosts)

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The present secret key, and old ones, with which links that were sent still open."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def livemode(self) -> bool:
        """Return whether the Stripe key is a live key, so that real money moves."""
        return is_live_key(self.stripe_secret_key)


def is_live_key(key: str) -> bool:
    """Return whether a Stripe key moves real money: `sk_live_…` or `rk_live_…`."""
    return "_live_" in key[:8]


def _database_url(reader: Variables) -> str:
    url = reader.required("DATABASE_URL", "the PostgreSQL URL, postgresql://…")
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        reader.fault("DATABASE_URL", "must begin with postgresql://")
        return ""
    try:
        make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        reader.fault(
            "DATABASE_URL", "is not a valid URL such as postgresql://user:password@host:5432/name"
        )
    return f"postgresql+psycopg://{rest}"


def _broker_url(reader: Variables, *, needed: bool) -> str | None:
    meaning = "the Celery broker's URL, redis://… or amqp://…"
    url = reader.required("BROKER_URL", meaning) if needed else reader.optional("BROKER_URL")
    reader.address("BROKER_URL", url or "", {"redis", "rediss", "unix", "amqp", "amqps"})
    return url or None


def _limits_url(reader: Variables) -> str | None:
    url = reader.optional("LIMITS_URL") or ""
    reader.address("LIMITS_URL", url, {"redis", "rediss"})
    return url or None


def _secret_key(reader: Variables) -> str:
    key = reader.required("SECRET_KEY", "at least 32 random characters")
    if key and len(key) < 32:
        reader.fault("SECRET_KEY", f"has {len(key)} characters; it needs at least 32")
    return key


def _old_secret_keys(reader: Variables) -> tuple[str, ...]:
    given = reader.optional("OLD_SECRET_KEYS") or ""
    keys = tuple(part.strip() for part in given.split(",") if part.strip())
    if any(len(each) < 32 for each in keys):
        reader.fault(
            "OLD_SECRET_KEYS", "each key needs at least 32 characters; separate several with commas"
        )
    return keys


def _file(reader: Variables, name: str) -> Path | None:
    given = reader.optional(name)
    if given and not Path(given).is_absolute():
        reader.fault(name, "must be an absolute path")
    return Path(given) if given else None


def _web_address(reader: Variables, name: str, value: str) -> str:
    parts = reader.address(name, value, {"http", "https"})
    if parts.scheme and (not parts.hostname or parts.query or parts.fragment):
        reader.fault(name, "must be a URL such as https://give.example.org")
    return value.rstrip("/")


def _stripe_key(reader: Variables) -> str:
    key = reader.required("STRIPE_SECRET_KEY", "Stripe's secret or restricted key, sk_… or rk_…")
    if key and not re.match(r"(sk|rk)_(test|live)_\w+\Z", key):
        reader.fault("STRIPE_SECRET_KEY", "must look like sk_test_… or rk_live_…")
    return key


def _webhook_secrets(reader: Variables) -> tuple[str, ...]:
    given = reader.required(
        "STRIPE_WEBHOOK_SECRET", "the webhook endpoint's signing secret, whsec_…"
    )
    secrets = tuple(part.strip() for part in given.split(",") if part.strip())
    if given and not (secrets and all(re.fullmatch(r"whsec_\S+", each) for each in secrets)):
        reader.fault(
            "STRIPE_WEBHOOK_SECRET",
            "each secret must begin with whsec_; separate several with commas",
        )
    return secrets


def _smtp(reader: Variables) -> SmtpAddress:
    url = reader.required(
        "SMTP_URL", "the mail server's URL, smtp://user:password@host:587?starttls=1"
    )
    parts = reader.address("SMTP_URL", url, {"smtp", "smtps"})
    if parts.scheme in {"smtp", "smtps"} and not parts.hostname:
        reader.fault("SMTP_URL", "has no host")
    security = _smtp_security(parts)
    return SmtpAddress(
        host=parts.hostname or "",
        port=parts.port or _SMTP_PORTS[security],
        security=security,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _smtp_security(parts: SplitResult) -> str:
    if parts.scheme == "smtps":
        return "tls"
    starttls = parse_qs(parts.query).get("starttls", ["0"])[-1]
    return "starttls" if starttls.lower() in _TRUE else "plain"


def _sender(reader: Variables) -> FromAddress:
    given = reader.required("MAIL_FROM", "the sender, Name <address>")
    name, address = parseaddr(given)
    if given and (address.count("@") != 1 or any(c in given for c in "\r\n")):
        reader.fault(
            "MAIL_FROM", "must be an address with a name before it: Name <news@example.org>"
        )
    return FromAddress(name=name, address=address)


def _organization(reader: Variables, sender: FromAddress) -> Organization:
    timezone = reader.required(
        "ORG_TIMEZONE", "the organization's IANA time zone, such as America/New_York"
    )
    if timezone:
        try:
            zone(timezone)
        except DeadlineInvalid as error:
            reader.fault("ORG_TIMEZONE", str(error))
    address = reader.required(
        "ORG_ADDRESS", "the postal address, its lines separated by a line break, \\n or |"
    )
    lines = tuple(filter(None, map(str.strip, re.split(r"\r?\n|\\n|\|", address))))
    if address and not lines:
        reader.fault("ORG_ADDRESS", "is blank")
    return Organization(
        name=reader.required("ORG_NAME", "the organization's legal name, for receipts"),
        ein=reader.required("ORG_EIN", "the organization's EIN, such as 12-3456789"),
        address_lines=lines,
        timezone=timezone,
        email=sender.address,
        registration=reader.optional("ORG_REGISTRATION") or "",
    )


SHORTEST_METRICS_TOKEN = 16


def _metrics_token(reader: Variables) -> str:
    token = reader.optional("METRICS_TOKEN") or ""
    if token and (len(token) < SHORTEST_METRICS_TOKEN or not token.isascii() or " " in token):
        why = f"needs at least {SHORTEST_METRICS_TOKEN} ASCII characters without spaces"
        reader.fault("METRICS_TOKEN", why)
    return token


def _private_hosts(reader: Variables) -> frozenset[str]:
    """Read the names of hosts in a private network that outgoing requests may reach."""
    given = reader.optional("OUTGOING_PRIVATE_HOSTS") or ""
    names = [part.strip() for part in given.split(",") if part.strip()]
    hosts = [read_host(name) for name in names]
    if not all(host and re.fullmatch(r"[a-z0-9._:-]+", host) for host in hosts):
        why = "must be host names, separated by commas, such as lists.internal"
        reader.fault("OUTGOING_PRIVATE_HOSTS", why)
    return frozenset(filter(None, hosts))


def load_settings(environ: Mapping[str, str] | None = None, *, broker: bool = True) -> Settings:
    """Load the settings of this process; raises ConfigurationError with all faults at once.

    Use `broker=False` for a command: it works without a broker, because the scheduled sweep processes its rows, and it
    works where a service with a live key must not start (`core.live_mode`).
    """
    reader = Variables(os.environ if environ is None else environ)
    sender = _sender(reader)
    smtp = _smtp(reader)
    base = reader.optional("STRIPE_API_BASE") or "https://api.stripe.com"
    site = reader.required("SITE_URL", "the public base URL, such as https://give.example.org")
    stripe_key = _stripe_key(reader)
    settings = Settings(
        database_url=_database_url(reader),
        broker_url=_broker_url(reader, needed=broker),
        limits_url=_limits_url(reader),
        secret_key=_secret_key(reader),
        old_secret_keys=_old_secret_keys(reader),
        erased_list=_file(reader, "ERASED_LIST"),
        site_url=_web_address(reader, "SITE_URL", site),
        stripe_secret_key=stripe_key,
        stripe_webhook_secrets=_webhook_secrets(reader),
        stripe_api_base=_web_address(reader, "STRIPE_API_BASE", base),
        smtp=smtp,
        mail_from=sender,
        organization=_organization(reader, sender),
        trusted_proxies=reader.count("TRUSTED_PROXIES", "0"),
        card_fee_rate=reader.number("CARD_FEE_RATE", "0.029", Decimal("0.5")),
        card_fee_fixed=reader.count("CARD_FEE_FIXED", "30"),
        sentry_dsn=reader.optional("SENTRY_DSN"),
        mail=read_mail(reader, sender.address, smtp.host),
        staff=read_staff(reader, livemode=is_live_key(stripe_key)),
        books=read_books(reader),
        lists=read_lists(reader),
        metrics_token=_metrics_token(reader),
        private_hosts=_private_hosts(reader),
    )
    if broker and settings.livemode and not reader.faults:
        for name, why in live_faults(settings):
            reader.fault(name, why)
    reader.raise_faults()
    return settings


def load_secret_keys(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Load only the secret keys, the present one first, for a restore."""
    reader = Variables(os.environ if environ is None else environ)
    keys = (_secret_key(reader), *_old_secret_keys(reader))
    reader.raise_faults()
    return keys


def load_database_url(environ: Mapping[str, str] | None = None) -> str:
    """Load only the database URL, for migrations, which need nothing else."""
    reader = Variables(os.environ if environ is None else environ)
    url = _database_url(reader)
    reader.raise_faults()
    return url
