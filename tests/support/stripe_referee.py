"""Hold every request to the Stripe sandbox, and its every answer, against Stripe's published API types.

The referee is not part of this project: STRIPE_REFEREE names a folder with `referee.py`, `spec3.json` and
`fixtures3.json`. Without it nothing is compared, and a test says so. It only watches: the sandbox answers as always.
"""

import functools
import importlib.util
import io
import json
import os
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.stripe import StripeSandbox
from sandbox.stripe.state.account import API_VERSION
from tests.support.stripe_spec import Spec

FOLDER = os.environ.get("STRIPE_REFEREE", "")
NOTHING_COMPARED = (
    "STRIPE_REFEREE names no folder with Stripe's API types: no call to Stripe and no answer of the sandbox was held"
    " against anything but the sandbox's own rules"
)
SPEC_RULES = frozenset({"spec", "open-enum", "path", "expand", "content-type"})
"""Violations of the types. The referee's other rules are limits, which a test may exceed to be refused."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Finding:
    """Something that differs from Stripe's types. `accepted`: the sandbox let it pass."""

    call: str
    test: str
    where: str
    what: str
    accepted: bool
    answer: bool = False

    def __str__(self) -> str:
        return f"{'answer to ' * self.answer}{self.call}: {self.where or '-'}: {self.what} [{self.test}]"


class Watch:
    """Stripe's types, and what was found since the last `take`."""

    def __init__(self, folder: Path) -> None:
        place = importlib.util.spec_from_file_location("stripe_referee", folder / "referee.py")
        assert place is not None
        assert place.loader is not None
        module: Any = importlib.util.module_from_spec(place)
        place.loader.exec_module(module)
        self._referee = module.Referee(folder / "spec3.json", folder / "fixtures3.json")
        # The sandbox is asked instead.
        self._referee.execute = lambda *_: (200, {}, b"{}")
        self.spec = Spec(self._referee.spec, self._referee.fix)
        self._lock = threading.Lock()
        self._found: list[Finding] = []

    def take(self) -> list[Finding]:
        with self._lock:
            found, self._found = self._found, []
        return found

    def around(self, application: Application) -> Application:
        """Return the application with its API watched."""

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith("/v1/"):
                return application(environ, start_response)
            sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(sent)
            status: list[str] = []
            headers: dict[str, str] = {}

            def start(line: str, given: list[tuple[str, str]], *more: Any) -> Any:
                status.append(line)
                headers.update(given)
                return start_response(line, given, *more)

            answer = b"".join(application(environ, start))
            # The types are those of our version.
            ours = headers.get("Stripe-Version", API_VERSION) == API_VERSION
            self._compare(environ, sent, int(status[0][:3]), answer if ours else b"")
            return [answer]

        return watched

    def _compare(self, environ: dict[str, Any], sent: bytes, status: int, answer: bytes) -> None:
        method, path = environ["REQUEST_METHOD"], urllib.parse.quote(environ["PATH_INFO"])
        test = os.environ.get("PYTEST_CURRENT_TEST", "between tests")
        found = [
            Finding(f"{method} {path}", test, one["param"] or "", one["message"], status < 400)
            for one in self._violations(environ, method, path, sent)
        ]
        if status == 200 and answer:
            found += [
                Finding(f"{method} {path}", test, where, what, accepted=True, answer=True)
                for where, what in self.spec.answer_mismatches(method, path, json.loads(answer))
            ]
        with self._lock:
            self._found += found

    def _violations(
        self, environ: dict[str, Any], method: str, path: str, sent: bytes
    ) -> list[dict[str, Any]]:
        headers = {
            "Authorization": environ.get("HTTP_AUTHORIZATION", ""),
            "Content-Type": environ.get("CONTENT_TYPE", ""),
        }
        target = f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path
        with self._lock:
            self._referee.reset()
            self._referee.handle(method, target, headers, sent)
            return [
                one
                for one in self._referee.log
                if one["kind"] == "violation" and one["rule"] in SPEC_RULES
            ]


@functools.cache
def watch() -> Watch | None:
    """Return this process's watch, or None without a referee. The types are loaded once."""
    return Watch(Path(FOLDER)) if FOLDER else None


@pytest.fixture(scope="session", autouse=True)
def stripe_watched() -> Iterator[Watch | None]:
    """Watch every sandbox of this process, and fail for what was sent after the last test."""
    watching = watch()
    if watching is None:
        yield None
        return
    StripeSandbox.middleware = staticmethod(watching.around)
    yield watching
    StripeSandbox.middleware = None
    _require_none(watching.take())


@pytest.fixture(autouse=True)
def stripe_types(request: pytest.FixtureRequest, stripe_watched: Watch | None) -> Iterator[None]:
    """Fail the test whose calls to Stripe, or whose answers, are not of Stripe's types.

    With the mark `wrong_stripe_calls` the sandbox has to refuse the call, as Stripe would.
    """
    yield
    if stripe_watched is None:
        return
    found = stripe_watched.take()
    if request.node.get_closest_marker("wrong_stripe_calls"):
        found = [one for one in found if one.accepted]
    _require_none(found)


def _require_none(found: list[Finding]) -> None:
    if found:
        pytest.fail("Not as Stripe's types say:\n" + "\n".join(map(str, found)), pytrace=False)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the types, leave one of the tests that need them, which is skipped with the reason."""
    if FOLDER:
        return
    needing = {item for item in items if "stripe_spec" in getattr(item, "fixturenames", ())}
    dropped = needing - {min(needing, key=lambda item: item.nodeid)} if needing else set()
    if dropped:
        config.hook.pytest_deselected(items=[item for item in items if item in dropped])
        items[:] = [item for item in items if item not in dropped]


@pytest.fixture(scope="session")
def stripe_spec(stripe_watched: Watch | None) -> Spec:
    """Stripe's published types. A test that needs them is skipped, and says so, where there are none."""
    if stripe_watched is None:
        pytest.skip(NOTHING_COMPARED)
    return stripe_watched.spec
