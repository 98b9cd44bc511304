"""The scene of a siege: the real application as WSGI, PostgreSQL, Stripe's sandbox over HTTP, and a clock that jumps.

Time jumps to whatever happens next, for the application, its limits and Stripe alike; so limits are counted in memory,
because Redis has a clock of its own. Stripe's events go through the webhook into the inbox and are applied at once.
"""

import heapq
import itertools
import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import time_machine
from altcha import solve_challenge
from altcha.v2 import Challenge, Payload
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core import clock
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.demonstration import SLUG
from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import Refused
from sandbox.stripe.webhooks.deliverer import signature_header

Actor = Generator[float, None, None]
"""A person or program: it acts, then yields the seconds until it acts again."""

STOLEN = "4000000000000002"
GOOD = "4242424242424242"
BROWSER = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


@dataclass(frozen=True)
class Posted:
    """The answer to a posted form, as whoever posted it reads it."""

    answer: TestResponse

    @property
    def session_id(self) -> str:
        """The Stripe session that was opened; '' if none was."""
        found = re.search(r"/c/pay/(\w+)", self.answer.headers.get("Location", ""))
        return found[1] if found else ""

    @property
    def hidden(self) -> dict[str, str]:
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.answer.text)
        return {name: unescape(value) for name, value in fields}

    @property
    def is_wait(self) -> bool:
        return self.answer.status_code == 429 and 'name="ticket"' in self.answer.text

    @property
    def seconds(self) -> int:
        return int(self.answer.headers.get("Retry-After", 0))

    @property
    def puzzle(self) -> Challenge | None:
        found = re.search(r'data-puzzle="([^"]*)"', self.answer.text)
        return Challenge.from_dict(json.loads(unescape(found[1]))) if found else None

    def proof(self) -> str:
        """Solve the puzzle; '' if there is none."""
        puzzle = self.puzzle
        solved = solve_challenge(puzzle) if puzzle else None
        return Payload(puzzle, solved).to_base64() if puzzle and solved else ""


@dataclass
class Scene:
    """What actors may do: load the page, post the form, try a card; and the order in which they act."""

    installation: Installation
    client: FlaskClient
    stripe: StripeSandbox
    travel: time_machine.Traveller
    applying: bool = True
    _events: list[dict[str, Any]] = field(default_factory=list)
    _due: list[tuple[float, int, Actor]] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def at(self, seconds: float, actor: Actor) -> None:
        """Let the actor begin after so many seconds."""
        moment = clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._due, (moment.timestamp(), next(self._turns), actor))

    def play(self) -> None:
        """Let everyone act in turn until nobody has anything left to do."""
        while self._due:
            moment, _, actor = heapq.heappop(self._due)
            if moment > clock.now().timestamp():
                self.travel.move_to(datetime.fromtimestamp(moment, UTC))
            for pause in itertools.islice(actor, 1):
                self.at(pause, actor)

    def seconds(self) -> float:
        """Return the simulated time, in seconds."""
        return clock.now().timestamp()

    def load(self, network: str) -> dict[str, str]:
        """Return the hidden fields of the appeal's form, as the page is now."""
        return Posted(self._ask("GET", f"/c/{SLUG}", network)).hidden

    def post(self, network: str, fields: dict[str, str], *, browser: bool = True) -> Posted:
        """Post the donation form."""
        headers = BROWSER if browser else {}
        return Posted(self._ask("POST", f"/c/{SLUG}/donate", network, data=fields, headers=headers))

    def pay(self, session_id: str, number: str, fingerprint: str) -> bool | None:
        """Try a card on Stripe's page; whether it was charged. None if the session is over: no card was tried.

        The sandbox knows only Stripe's test cards, so the card's own fingerprint is put into the events.
        """
        try:
            self.stripe.pay(session_id, number)
            charged: bool | None = True
        except Refused as error:
            charged = False if type(error).__name__ == "CardDeclined" else None
        self._deliver(fingerprint)
        return charged

    def _ask(self, method: str, path: str, network: str, **more: Any) -> TestResponse:
        headers = {"X-Forwarded-For": network, **more.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **more)

    def _deliver(self, fingerprint: str) -> None:
        found, self._events[:] = list(self._events), []
        if not self.applying:
            return
        for event in found:
            body = re.sub(
                r'"fingerprint": "[^"]*"', f'"fingerprint": "{fingerprint}"', json.dumps(event)
            ).encode()
            secret = self.installation.settings.stripe_webhook_secrets[0]
            signed = signature_header(body, secret, int(clock.now().timestamp()))
            self.client.post("/stripe/webhook", data=body, headers={"Stripe-Signature": signed})
        apply_due_events(self.installation)


@contextmanager
def scene(installation: Installation, stripe: StripeSandbox, *, applying: bool) -> Iterator[Scene]:
    """Yield a scene on an installation that trusts one proxy and counts limits in memory."""
    app: Flask = create_app(installation)
    with time_machine.travel(clock.now(), tick=True) as travel:
        found = Scene(
            installation, app.test_client(use_cookies=False), stripe, travel, applying
        )
        stripe.account.on_events = found._events.extend
        try:
            yield found
        finally:
            app.extensions["live"].close()
            app.extensions["visits"].close()
