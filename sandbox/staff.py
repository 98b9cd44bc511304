"""How staff get in on this machine. `sandbox.installation` prints it."""

from collections.abc import Mapping


def staff_link(local_url: str, environment: Mapping[str, str]) -> str:  # noqa: ARG001
    """The address to open as staff; `environment` is what the service's own processes have."""
    return f"{local_url}/staff/"
