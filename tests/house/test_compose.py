"""docker-compose.yml, the Dockerfile and the proxy's configuration, read as data."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = {
    line.partition("=")[0].removeprefix("# ")
    for line in (ROOT / ".env.example").read_text().splitlines()
    if re.match(r"(# )?[A-Z][A-Z_]+=", line)
}


def test_the_compose_file_follows_its_schema() -> None:
    command = [str(PROGRAMS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_has_no_finding() -> None:
    done = subprocess.run(
        [PROGRAMS / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


def test_only_the_proxy_publishes_a_port() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_nobody_runs_as_root() -> None:
    [user] = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    users = [service.get("user", user) for service in SERVICES.values()]
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", each) for each in users)


@pytest.mark.parametrize("name", ["web", "worker", "beat", "cron"])
def test_migrations_come_first(name: str) -> None:
    condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
    assert condition == "service_completed_successfully"


def test_the_database_and_the_broker_reach_nobody() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["broker"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "cron", "migrate"])
def test_every_setting_of_the_service_is_a_known_one_and_secrets_are_files(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert {setting.removesuffix("_FILE") for setting in environment} <= SETTINGS
    for setting in environment:
        if "SECRET" in setting or "PASSWORD" in setting:
            assert setting.endswith("_FILE")
            assert Path(environment[setting]).name in COMPOSE["secrets"]


def test_the_image_has_what_the_processes_are_started_with() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for names in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        *sources, _ = names.split()
        for source in sources:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored
