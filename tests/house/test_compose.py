"""docker-compose.yml: what its parts have to be to each other, read as data. Its commands: test_compose_commands.py."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from campaign.core.errors import ConfigurationError
from campaign.core.settings import Settings, load_settings
from campaign.mailer.outbox import TIME_FOR_A_BATCH
from tests.support.compose import (
    APPLICATION,
    COMPOSE,
    EXAMPLE,
    SERVICES,
    UnsetError,
    environment,
    grace,
    interpolated,
    seconds,
)
from tests.support.proxy import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
DEPLOY = (ROOT / "deploy" / "README.md").read_text()
LONG_RUNNING = [name for name in SERVICES if name != "migrate"]
NGINX = SHIPPED.read_text()


def test_the_compose_file_follows_its_schema() -> None:
    command = [str(PROGRAMS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_these_are_all_services() -> None:
    """A new one needs a decision in each test below."""
    assert APPLICATION == ["web", "worker", "beat", "cron", "migrate"]
    assert set(SERVICES) - set(APPLICATION) == {"proxy", "postgres", "broker", "limits"}


# --- What a break-in could reach --------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    loosened = {"cap_add", "privileged", "pid", "ipc", "network_mode", "devices", "userns_mode"}
    assert not loosened & set(service)


def test_nobody_runs_as_root() -> None:
    [user] = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    users = [service.get("user", user) for service in SERVICES.values()]
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", each) for each in users)


def test_only_the_proxy_publishes_a_port_and_only_on_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    [port] = SERVICES["proxy"]["ports"]
    address, outside, inside = interpolated(port, {}).split(":")
    assert (address, outside) == ("127.0.0.1", "8080")
    assert f"listen {inside} " in NGINX
    assert interpolated(port, {"PUBLISH": "8080"}) == "8080:8080", "as deploy/README.md says"


def test_the_database_and_the_broker_reach_nobody_and_the_proxy_does_not_reach_them() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert not (COMPOSE["networks"]["outside"] or {}).get("internal")
    assert all(
        SERVICES[name]["networks"] == ["inside"] for name in ("postgres", "broker", "limits")
    )
    assert SERVICES["proxy"]["networks"] == ["outside"]
    for name in APPLICATION:  # they reach the database, and Stripe
        assert set(SERVICES[name]["networks"]) == {"inside", "outside"}


# --- Settings and secrets ---------------------------------------------------------------------


class Names(dict[str, str]):
    """An empty environment that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name.removesuffix("_FILE"))
        return default


def known_settings() -> set[str]:
    names = Names()
    with pytest.raises(ConfigurationError):
        load_settings(names)
    return names.asked


OPTIONAL_SECRETS = [
    "BREVO_API_KEY",
    "BREVO_WEBHOOK_SECRET",
    "LISTMONK_TOKEN",
    "MAILCHIMP_API_KEY",
    "MAILGUN_WEBHOOK_KEY",
    "MAIL_EVENTS_SECRET",
    "METRICS_TOKEN",
    "OLD_SECRET_KEYS",
    "POSTMARK_WEBHOOK_SECRET",
    "SPARKPOST_WEBHOOK_SECRET",
]
NOT_PASSED = {
    "OIDC_ISSUER": "the image has no `oidc` extra",
    "OIDC_CLIENT_ID": "the image has no `oidc` extra",
    "OIDC_CLIENT_SECRET": "the image has no `oidc` extra",
    "SENTRY_DSN": "the image has no `observability` extra",
    "STRIPE_API_BASE": "only tests need another one",
    "ERASED_LIST": "it needs a disk of its own; `campaign donor erased` prints the list",
    "SNS_BASE_URL": "only tests need another one",
    "MAILCHIMP_API_BASE": "only tests need another one",
    "BREVO_API_BASE": "only tests need another one",
    **dict.fromkeys(OPTIONAL_SECRETS, "optional secrets: in a file that may be missing"),
}


@pytest.mark.parametrize("name", APPLICATION)
def test_every_setting_is_passed_and_every_name_is_one_of_a_setting(name: str) -> None:
    passed = {setting.removesuffix("_FILE") for setting in environment(name)}
    assert passed == known_settings() - set(NOT_PASSED)


@pytest.mark.parametrize("name", APPLICATION)
def test_optional_secrets_come_from_a_file_that_may_be_missing(name: str) -> None:
    [file] = SERVICES[name]["env_file"]
    assert file == {"path": "./secrets/optional.env", "required": False}
    assert "secrets/optional.env" in DEPLOY


KEY = "8f3c1e0a7d5b9264e1f07a3c5d8b2946f0e1d2c3b4a59687c8d9e0f1a2b3c4d5"
SIGNING = "whsec_9fK2mXq7LrT4vB8nZc1PwS6dHy3GjE5A"


def settings(folder: Path, service: str, **dotenv: str) -> Settings:
    """Return the settings of the service, with the secrets of deploy/README.md mounted in `folder`."""
    secrets = {
        "database_url": "postgresql://campaign:0123@postgres:5432/campaign",
        "secret_key": KEY,
        "smtp_url": "smtp://user:password@mail.example.org:587?starttls=1",
        "stripe_secret_key": "sk_live_1",
        "stripe_webhook_secret": SIGNING,
    }
    variables = environment(service, EXAMPLE | dotenv)
    for secret in SERVICES[service]["secrets"]:
        assert COMPOSE["secrets"][secret] == {"file": f"./secrets/{secret}"}
        (folder / secret).write_text(secrets[secret])
    return load_settings(
        {name: value.replace("/run/secrets", str(folder)) for name, value in variables.items()}
    )


@pytest.mark.parametrize("name", APPLICATION)
def test_each_process_starts_with_the_example_and_the_secrets(name: str, tmp_path: Path) -> None:
    found = settings(tmp_path, name)
    assert found.broker_url == "redis://broker:6379/0"
    assert found.limits_url == "redis://limits:6379/0"
    assert found.stripe_webhook_secrets == (SIGNING,)
    assert found.smtp.security == "starttls"
    assert found.secret_key == KEY
    assert found.livemode


def test_what_is_in_dotenv_reaches_the_settings(tmp_path: Path) -> None:
    changed = {
        "ALERTS_TO": "editor@example.org",
        "CARD_FEE_FIXED": "25",
        "CARD_FEE_RATE": "0.022",
        "CHART_OF_ACCOUNTS": "fees = 6040 Merchant fees",
        "EMAIL_CAP": "2",
        "MAIL_BOUNCES": "bounces@example.org",
        "MAIL_CONNECTIONS": "7",
        "MAIL_RATE": "3",
        "MAIL_PROVIDER": "ses",
        "ORG_REGISTRATION": "Registered.",
        "SES_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:campaign-mail",
        "SITE_URL": "https://other.example.org",
        "STAFF_SECOND_FACTOR": "optional",
        "REFUND_SIGN_IN_ABOVE": "9900",
        "XERO_TAX_RATE": "No VAT",
    }
    usual, found = settings(tmp_path, "web"), settings(tmp_path, "web", **changed)
    assert (found.mail.alerts_to, found.mail.bounces) == (
        "editor@example.org",
        "bounces@example.org",
    )
    assert (found.card_fee_fixed, float(found.card_fee_rate)) == (25, 0.022)
    assert (found.mail.connections, float(found.mail.rate)) == (7, 3.0)
    assert found.books.chart.account("Card fees").name == "Merchant fees"
    assert found.books.xero_tax_rate == "No VAT"
    assert found.organization.registration == "Registered."
    assert found.mail.providers.sending == "ses"
    assert found.mail.providers.ses_topics == (changed["SES_TOPIC_ARN"],)
    assert found.site_url == "https://other.example.org"
    assert (usual.staff.second_factor_required, found.staff.second_factor_required) == (True, False)
    assert found.staff.refund_sign_in_above == 9_900
    assert (usual.card_fee_fixed, float(usual.card_fee_rate)) == (30, 0.029)
    assert (usual.mail.connections, float(usual.mail.rate)) == (4, 0.0)


def test_the_database_users_of_the_file_and_of_the_instructions_are_the_same() -> None:
    given = SERVICES["postgres"]["environment"]
    user, database = given["POSTGRES_USER"], given["POSTGRES_DB"]
    assert f"postgresql://{user}:%s@postgres:5432/{database}" in DEPLOY
    assert given["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert SERVICES["postgres"]["secrets"] == ["postgres_password"]


REQUIRED = ["MAIL_FROM", "ORG_ADDRESS", "ORG_EIN", "ORG_NAME", "ORG_TIMEZONE", "SITE_URL"]


@pytest.mark.parametrize("missing", REQUIRED)
def test_nothing_starts_without_a_required_line_in_dotenv(missing: str) -> None:
    with pytest.raises(UnsetError, match=missing):
        environment("web", {**EXAMPLE, missing: ""})


def test_secrets_are_files_and_none_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in known_settings() | {"POSTGRES_PASSWORD"}:
        if re.search(r"SECRET_KEY|SECRET$|PASSWORD|DATABASE_URL|SMTP_URL", name):
            assert not re.search(rf"\b{name}\b(?!_FILE)", text), name
    for secret in COMPOSE["secrets"]:
        assert f"secrets/{secret}" in DEPLOY, "the instructions create it"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/.env", "/secrets/"} <= set(ignored)


def test_each_service_gets_only_the_secrets_that_it_reads() -> None:
    for name in APPLICATION:
        read = [path for path in environment(name).values() if path.startswith("/run/secrets/")]
        assert sorted(SERVICES[name]["secrets"]) == sorted(Path(path).name for path in read)
    assert all("secrets" not in SERVICES[name] for name in ("proxy", "broker", "limits"))


# --- Start, stop, restart ---------------------------------------------------------------------


def waits_for(name: str) -> dict[str, str]:
    needed = SERVICES[name].get("depends_on", {})
    return {other: each["condition"] for other, each in needed.items()}


@pytest.mark.parametrize("name", ["web", "worker", "beat", "cron"])
def test_migrations_come_first(name: str) -> None:
    assert waits_for(name) == {
        "migrate": "service_completed_successfully",
        "broker": "service_healthy",
    }


def test_migrations_wait_for_the_database_and_readers_for_the_web() -> None:
    assert waits_for("migrate") == {"postgres": "service_healthy"}
    assert waits_for("proxy") == {"web": "service_healthy"}


def test_migrations_run_once_and_everything_else_runs_on() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["command"] == ["campaign", "db", "upgrade"]
    assert {SERVICES[name]["restart"] for name in LONG_RUNNING} == {"unless-stopped"}


def test_there_is_one_scheduler() -> None:
    """Two would queue every task twice."""
    schedulers = [
        name for name, service in SERVICES.items() if "beat" in str(service.get("command", ""))
    ]
    assert schedulers == ["beat"]
    assert not any({"deploy", "scale"} & set(service) for service in SERVICES.values())


def test_an_update_does_not_kill_work_in_progress() -> None:
    """For the web, see test_gunicorn.py. A batch of email ends by itself, but no update should wait for all of it."""
    assert 30 <= grace("worker") < TIME_FOR_A_BATCH.total_seconds()
    assert grace("cron") >= 30, "it may be queueing a step of a large campaign"
    assert grace("postgres") >= 30, (
        "a clean end writes everything out; otherwise it recovers at the start"
    )
    assert grace("web") >= 30


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_health_check_ends_before_the_next_and_one_failure_is_none(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert seconds(check["timeout"]) <= seconds(check["interval"]) <= 60
    assert 2 <= check["retries"] <= 6
    assert check["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", ["web", "worker", "beat", "cron", "postgres"])
def test_a_start_of_half_a_minute_is_no_failure(name: str) -> None:
    assert 30 <= seconds(SERVICES[name]["healthcheck"]["start_period"]) <= 120


def test_checks_of_servers_ask_the_server_itself() -> None:
    """Their programs are in their images."""
    postgres = SERVICES["postgres"]["healthcheck"]["test"]
    assert postgres[:2] == ["CMD", "pg_isready"]
    # Over TCP: during its first start, the server listens on its socket before the database exists.
    assert postgres[postgres.index("--host") + 1] == "127.0.0.1"
    for name in ("broker", "limits"):
        assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "valkey-cli", "ping"]
    proxy = SERVICES["proxy"]["healthcheck"]["test"]
    assert (proxy[1], proxy[-1]) == ("wget", "http://127.0.0.1:8080/healthz")


def test_a_flood_of_limits_evicts_counts_and_the_broker_drops_no_task() -> None:
    """Counts have a lifetime each, tasks have none; see test_limit_store.py."""
    policies = {
        name: SERVICES[name]["command"][SERVICES[name]["command"].index("--maxmemory-policy") + 1]
        for name in ("broker", "limits")
    }
    assert policies == {"broker": "noeviction", "limits": "volatile-ttl"}


# --- Files, memory, logs ----------------------------------------------------------------------


def tmpfs(name: str) -> dict[str, dict[str, str]]:
    """Return the options of each folder in memory."""
    folders = (entry.partition(":") for entry in SERVICES[name].get("tmpfs", []))
    return {
        path: dict(option.split("=") for option in options.split(",") if option)
        for path, _, options in folders
    }


def mebibytes(size: str) -> int:
    assert size[-1] in "mM"
    return int(size[:-1])


def test_only_the_database_is_kept() -> None:
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert "postgres" in COMPOSE["volumes"]
    mounted = {name for name, service in SERVICES.items() if "volumes" in service}
    assert mounted == {"postgres", "proxy"}


def test_the_proxy_gets_our_configuration_and_memory_for_what_it_writes() -> None:
    [mount] = SERVICES["proxy"]["volumes"]
    source, target, mode = mount.split(":")
    assert (ROOT / source).resolve() == SHIPPED
    assert (target, mode) == ("/etc/nginx/nginx.conf", "ro")
    folders = tmpfs("proxy")
    written = re.findall(r"_temp_path (\S+);|^pid (\S+);|_cache_path (\S+) ", NGINX, re.MULTILINE)
    assert len(written) >= 7
    for path in map("".join, written):
        assert any(path.startswith(f"{folder}/") for folder in folders), path
    owners = {(options["uid"], options["gid"]) for options in folders.values()}
    assert owners == {tuple(SERVICES["proxy"]["user"].split(":"))}


def test_the_cache_and_uploads_fit_into_the_proxys_memory() -> None:
    [largest] = re.findall(r"max_size=(\w+)", NGINX)
    assert mebibytes(largest) < mebibytes(tmpfs("proxy")["/var/cache/nginx"]["size"])
    bodies = [mebibytes(size) for size in re.findall(r"client_max_body_size (\w+);", NGINX)]
    assert max(bodies) * 4 <= mebibytes(tmpfs("proxy")["/tmp"]["size"])


def test_ten_thousand_readers_of_the_live_progress_fit() -> None:
    """Each uses two connections of the proxy, and one of the web."""
    [files] = map(int, re.findall(r"worker_rlimit_nofile (\d+);", NGINX))
    [connections] = map(int, re.findall(r"worker_connections (\d+);", NGINX))
    assert 10_000 <= connections <= files <= SERVICES["proxy"]["ulimits"]["nofile"]
    assert SERVICES["web"]["ulimits"]["nofile"] >= 10_000


@pytest.mark.parametrize("name", APPLICATION)
def test_the_application_has_a_folder_for_temporary_files(name: str) -> None:
    assert mebibytes(tmpfs(name)["/tmp"]["size"]) >= 32
    assert tmpfs(name)["/tmp"]["mode"] == "1777"


def test_servers_have_folders_of_their_own_user_in_memory() -> None:
    for name, folder in {
        "postgres": "/var/run/postgresql",
        "broker": "/data",
        "limits": "/data",
    }.items():
        options = tmpfs(name)[folder]
        assert f"{options['uid']}:{options['gid']}" == SERVICES[name]["user"]
    assert "/tmp" in tmpfs("postgres")


@pytest.mark.parametrize("name", SERVICES)
def test_logs_do_not_fill_the_disk(name: str) -> None:
    logging = SERVICES[name]["logging"]
    assert logging["driver"] == "json-file"
    size, files = logging["options"]["max-size"], logging["options"]["max-file"]
    assert 20 <= mebibytes(size) * int(files) <= 200


def test_the_database_has_a_connection_for_every_thread_that_uses_one() -> None:
    """Four web processes (gunicorn.conf.py) and a worker for each of many processors; SQLAlchemy's pools."""
    from campaign.core.database import make_engine

    pool = make_engine("postgresql+psycopg://x@127.0.0.1:9/x").pool
    each = pool.size() + pool._max_overflow  # type: ignore[attr-defined]
    [wanted] = [
        int(word.removeprefix("max_connections="))
        for word in SERVICES["postgres"]["command"]
        if word.startswith("max_connections=")
    ]
    assert 4 * (each + 1) <= wanted, "and one for LISTEN in each"


def test_the_database_sorts_the_same_on_every_machine() -> None:
    arguments = SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert "--locale-provider=builtin" in arguments
    assert "--builtin-locale=C.UTF-8" in arguments


def test_images_have_a_version() -> None:
    for name in set(SERVICES) - set(APPLICATION):
        assert re.search(r":\d+(\.\d+)*(-alpine)?$", SERVICES[name]["image"]), name
    assert int(SERVICES["postgres"]["image"].partition(":")[2]) >= 16
    # `server … resolve` in an upstream needs 1.27.3.
    major, minor = map(int, re.findall(r"nginx:(\d+)\.(\d+)", SERVICES["proxy"]["image"])[0])
    assert (major, minor) >= (1, 28)


def test_the_image_is_built_here_and_never_pulled() -> None:
    for name in APPLICATION:
        assert (SERVICES[name]["build"], SERVICES[name]["pull_policy"]) == (".", "build")


def test_the_proxy_finds_the_web_by_the_name_of_its_service() -> None:
    [host, port] = re.findall(r"server (\w+):(\d+) resolve;", NGINX)[0]
    assert host in SERVICES
    assert f"EXPOSE {port}\n" in (ROOT / "Dockerfile").read_text()
    assert "resolver 127.0.0.11 " in NGINX, "Docker's"


def test_the_file_is_read_as_yaml_is_written() -> None:
    """A number without quotes would become another text, such as 1 for TRUSTED_PROXIES."""
    text = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
    for service in text["services"].values():
        for value in service.get("environment", {}).values():
            assert isinstance(value, str)
