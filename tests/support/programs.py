"""Programs that tests need beside Python's packages, such as nginx.

A test whose program is missing is skipped, with what to install; with REQUIRE_TOOLS=1, as in `.ci/run`, it fails.
`@pytest.mark.needs_program("nginx")` is for a whole test or module, `program("nginx")` for its path.
"""

import os
import shutil

import pytest

PACKAGES = {
    "chromium": "chromium",
    "nginx": "nginx",
    "openssl": "openssl",
    "lynx": "lynx",
    "w3m": "w3m",
}
"""Debian's package of each program. `.ci/run` installs them."""
_ALSO = {"chromium": ("chromium-browser", "google-chrome", "google-chrome-stable")}
"""Other names of a program that will do."""
_BESIDE = "/usr/sbin"
"""Not on the PATH of every user, though its programs run for all."""


def find_program(name: str) -> str | None:
    """Return the path of a program in PACKAGES, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), _BESIDE])
    names = (name, *_ALSO.get(name, ()))
    return next(filter(None, (shutil.which(one, path=path) for one in names)), None)


def program(name: str) -> str:
    """Return the path of a program in PACKAGES. If it is missing, skip the test, or fail it with REQUIRE_TOOLS=1."""
    found = find_program(name)
    if found is None:
        why = f"{name} is not installed: on Debian, `apt-get install {PACKAGES[name]}`"
        if required(name):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    return found


def required(name: str) -> bool:
    """Return whether a test without this program fails. REQUIRE_BROWSER=1 requires only the browser."""
    variables = ["REQUIRE_TOOLS", *(["REQUIRE_BROWSER"] if name == "chromium" else [])]
    return any(os.environ.get(variable) == "1" for variable in variables)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs_program"):
        for name in mark.args:
            program(name)
