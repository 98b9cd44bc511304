"""How staff get in on this machine. `sandbox.installation` prints it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

EMAIL = "admin@newsroom.example"
COMMAND = ("staff", "add", EMAIL, "--role", "admin", "--name", "Demonstration admin")
PATIENCE = 60.0  # seconds


def staff_link(local_url: str, environment: Mapping[str, str]) -> str:
    """A link that signs an admin in once; `environment` is what the service's own processes have.

    Without one, why not stands in its place: what runs beside it is of use all the same.
    """
    program = str(Path(sys.executable).parent / "campaign")
    made = subprocess.run(
        [program, *COMMAND],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if made.returncode:
        return f"{local_url}/staff/ (no sign-in link: {made.stderr.strip()})"
    # SITE_URL may be an address that leads here only through a proxy.
    return local_url + urlsplit(made.stdout.strip()).path
