"""docker-compose.yml as data, and as Docker Compose would pass it on."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPLICATION = [name for name, service in SERVICES.items() if service.get("image") == "campaign"]
"""The services that run our own image."""

DEFAULT_GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL where a service says nothing."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<word>[^}]*))?\}")


EXAMPLE = {
    name: value.strip('"')
    for name, mark, value in (
        line.partition("=") for line in (ROOT / ".env.example").read_text().splitlines()
    )
    if mark and not name.startswith("#")
}
"""A .env as deploy/README.md says: .env.example."""


class UnsetError(Exception):
    """Docker Compose refuses to start, because a variable in .env is not set."""


def interpolated(text: str, dotenv: dict[str, str]) -> str:
    """Return `text` with the variables of .env in place, as Docker Compose does."""

    def value(found: re.Match[str]) -> str:
        given = dotenv.get(found["name"], "")
        if not given and found["how"] == "?":
            raise UnsetError(found["name"])
        return given or (found["word"] if found["how"] == "-" else "")

    return _VARIABLE.sub(value, text)


def environment(service: str, dotenv: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the service's process."""
    given = SERVICES[service].get("environment", {})
    chosen = EXAMPLE if dotenv is None else dotenv
    return {name: interpolated(str(text), chosen) for name, text in given.items()}


def in_shell(command: str) -> str:
    """Return a command of the file as the shell in the container gets it."""
    return command.replace("$$", "$")


def seconds(duration: str) -> float:
    """Return a duration such as `1m30s` in seconds."""
    parts = re.findall(r"(\d+)(ms|h|m|s)", duration)
    assert "".join(number + unit for number, unit in parts) == duration
    sizes = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return sum(int(number) * sizes[unit] for number, unit in parts)


def grace(service: str) -> float:
    """Return the seconds between SIGTERM and SIGKILL when the service is updated or stopped."""
    given = SERVICES[service].get("stop_grace_period")
    return seconds(given) if given else DEFAULT_GRACE
