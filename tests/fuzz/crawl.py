"""Ask for every route of the application with hostile values, as a reader, a donor and each staff role."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.fuzz.hostile import ALLOWED, encoded, fault_of, pick_headers, pick_value

ROOT = Path(__file__).parents[2]
_NAMES = re.compile(
    r"""(?:args|form|values)(?:\.get(?:list)?\(|\[)["'](\w+)["']|^    (\w+) = \w*Field\(""",
    re.MULTILINE,
)
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
SIGNS_OUT = {
    *("sign_in.sign_out", "sign_in.by_password", "donor_sign_in.finish", "donor_erasure.ask"),
    *("account.end", "account.end_others", "team.deactivate", "team.change_role", "team.reset"),
}
"""Views after which the others would not be reached; each has tests of its own."""
ENDLESS = "stream"
"""Part of the address of answers that do not end."""


class Visitor(NamedTuple):
    """A client, and the token of its forms, '' without one."""

    client: FlaskClient
    token: str = ""


@dataclass
class Crawl:
    """What was asked: attempts, answers by status, and faults with the request that shows them."""

    attempts: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Return the number of answers with a status of 500 and above that no document asks for."""
        return sum(
            n for status, n in self.statuses.items() if status >= 500 and status not in ALLOWED
        )

    def note(self, asked: str, answer: TestResponse) -> None:
        self.attempts += 1
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        fault = fault_of(answer)
        if fault:
            self.faults.append(f"{fault}: {asked}")


def field_names() -> list[str]:
    """Return the names of all query parameters and form fields in the code of the web."""
    found = set[str]()
    for path in sorted((ROOT / "campaign/web").rglob("*.py")):
        for one in _NAMES.findall(path.read_text(encoding="utf-8")):
            found.update(filter(None, one))
    return sorted(found - {"csrf_token"})


def crawl(
    app: Flask,
    visitors: Mapping[str, Visitor],
    known: Mapping[str, list[str]],
    seed: int,
    goes_on: Callable[[Crawl], bool],
) -> Crawl:
    """Ask for each route as each of `visitors`, again and again while `goes_on`. `known`: real values of parts."""
    done, dice, names = Crawl(), random.Random(seed), field_names()
    every = [rule for rule in app.url_map.iter_rules() if ENDLESS not in rule.rule]
    rules = [rule for rule in every if rule.endpoint not in SIGNS_OUT]
    while True:
        dice.shuffle(rules)
        for rule in rules:
            for who, visitor in visitors.items():
                if not goes_on(done):
                    return done
                _ask(done, dice, rule, who, visitor, known, names)


def _ask(
    done: Crawl,
    dice: random.Random,
    rule: Rule,
    who: str,
    visitor: Visitor,
    known: Mapping[str, list[str]],
    names: list[str],
) -> None:
    allowed = sorted((rule.methods or {"GET"}) - {"OPTIONS", "HEAD"})
    method = dice.choice([*allowed] * 9 + [*METHODS])
    path = _path(dice, rule, known)
    query = "&".join(_pairs(dice, names))
    body = "&".join(_pairs(dice, names)) if method in {"POST", "PUT", "PATCH"} else ""
    headers = [one for one in pick_headers(dice) if who == "reader" or one[0] != "Cookie"]
    if body and not any(name == "Content-Type" for name, _ in headers):
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    if body and visitor.token:
        body += f"&csrf_token={visitor.token}"
    asked = f"{who} {method} {path}?{query[:300]} {headers} {body[:300]}"
    answer = visitor.client.open(
        path, method=method, query_string=query, data=body.encode("latin-1"), headers=headers
    )
    done.note(asked, answer)
    answer.close()


def _path(dice: random.Random, rule: Rule, known: Mapping[str, list[str]]) -> str:
    """Return an address of the route: mostly with a part that exists, so that the view is reached."""

    def part(found: re.Match[str]) -> str:
        converter, _, name = found[1].rpartition(":")
        choices = re.findall(r"\w+", converter[4:-1]) if converter.startswith("any(") else []
        good = choices or known.get(name, []) or (["1", "2"] if "int" in converter else [])
        value = dice.choice(good) if good and dice.random() < 0.8 else pick_value(dice)
        return encoded(value)

    return re.sub(r"<([^>]+)>", part, rule.rule) or "/"


def _pairs(dice: random.Random, names: list[str]) -> Iterator[str]:
    for _ in range(dice.randrange(9)):
        name = dice.choice(names) if dice.random() < 0.95 else pick_value(dice)
        yield f"{encoded(name)}={encoded(pick_value(dice))}"
