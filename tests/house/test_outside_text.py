"""Text from outside is read by `campaign.core.outside_text`: nothing else calls a parser that raises on odd text.

`urlsplit("http://[::1/")`, `int("9" * 5000)`, `int("²")` after `isdigit`, `Decimal("NaN")`, `"a..b".encode("idna")`:
each was a page with status 500 somewhere.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READER = "campaign/core/outside_text.py"

NEVER = frozenset(
    {
        *("urlsplit", "urlparse", "ip_address", "ip_interface", "inet_aton", "inet_pton"),
        *("strptime", "parsedate_to_datetime", "parsedate"),
    }
)
"""Calls that only the reader makes."""

GUARDED = frozenset(
    {"int", "float", "Decimal", "fromisoformat", "fromtimestamp", "b64decode", "UUID"}
)
"""Calls that, where text arrives, stand in a `try` that catches ValueError, or have their reason in REVIEWED."""

EDGES = (
    "campaign/web",
    "campaign/cli",
    "campaign/moving",
    "campaign/offline",
    "campaign/integrations",
)
"""Where text arrives from people and programs."""

MATCHED = "digits of a pattern with a bound"
STORED = "a number of the database"
CHOSEN = "one of our own choices, checked in the line before"
CALLER = "the caller catches ValueError, as the docstring says"
OURS = "a value of our own"
REVIEWED: dict[str, dict[str, str]] = {
    "campaign/cli/export.py": {"int(found[1])": MATCHED, "int(found[2])": MATCHED},
    "campaign/cli/subscriptions.py": {"int(months)": CHOSEN},
    "campaign/integrations/deliveries.py": {"int(number)": STORED},
    "campaign/integrations/webhook_sender.py": {"int(at.timestamp())": OURS},
    "campaign/moving/amounts.py": {"int(whole + part[:places].ljust(places, '0'))": CALLER},
    "campaign/moving/encodings.py": {"int(not within)": OURS},
    "campaign/moving/moments.py": {
        "datetime.fromtimestamp(int(number / unit), UTC)": "the line before bounds it",
        "float(text)": "digits, of a length that the line before bounds",
        "int(number)": "a finite number: its length is bounded",
        "int(number / unit)": "a finite number: its length is bounded",
        **{f"int(found['{name}'])": MATCHED for name in ("first", "second", "hour")},
        "int(offset['hours'])": MATCHED,
        "int(offset['minutes'] or 0)": MATCHED,
    },
    "campaign/moving/seen_keys.py": {"int(found[0])": STORED},
    "campaign/moving/zones.py": {"int(found[2])": MATCHED, "int(hours)": "`is_integer` says so"},
    "campaign/offline/deposits.py": {"int(total)": STORED},
    "campaign/web/appeal/formatting.py": {"Decimal(part)": STORED},
    "campaign/web/errors.py": {"int(error.limit.limit.get_expiry())": OURS},
    "campaign/web/health.py": {"int(one.limit.total_seconds())": OURS, "int(one.overdue)": OURS},
    "campaign/web/portal/subscription_page.py": {"int(form.months.data)": CHOSEN},
    "campaign/web/staff/campaigns/dashboard.py": {
        **dict.fromkeys(("date.fromisoformat(key)", "int(hour.key[11:])"), STORED),
        **dict.fromkeys(("int(key)", "int(str(low)[0])"), STORED),
    },
    "campaign/web/staff/campaigns/report_sections.py": {
        **dict.fromkeys(("Decimal(tally.amount)", "int(lower)"), STORED),
    },
    "campaign/web/staff/system/api_tokens.py": {"int(form.days.data)": CHOSEN},
}


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def calls_in(tree: ast.AST, *, guarded: bool = False) -> Iterator[tuple[ast.Call, bool]]:
    """Yield each call, with whether a `try` around it catches ValueError."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Call):
            yield child, guarded
        if isinstance(child, ast.Try):
            caught = guarded or any(
                "Error" in ast.unparse(one.type) for one in child.handlers if one.type
            )
            for part in child.body:
                if isinstance(part, ast.Call):
                    yield part, caught
                yield from calls_in(part, guarded=caught)
            rest: list[ast.AST] = [*child.handlers, *child.orelse, *child.finalbody]
            for other in rest:
                yield from calls_in(other, guarded=guarded)
        else:
            yield from calls_in(child, guarded=guarded)


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "/versions/" not in name and name != READER:
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def test_only_the_reader_calls_the_parsers_that_raise() -> None:
    found = [
        f"{name}:{call.lineno} {name_of(call)}"
        for name, tree in modules("campaign", "workers")
        for call, _ in calls_in(tree)
        if name_of(call) in NEVER
        or (name_of(call) == "encode" and any(ast.unparse(one) == "'idna'" for one in call.args))
    ]
    assert found == []


def unguarded() -> Iterator[tuple[str, str]]:
    for name, tree in modules(*EDGES):
        for call, guarded in calls_in(tree):
            constant = all(isinstance(one, ast.Constant) for one in call.args)
            if name_of(call) in GUARDED and not guarded and not constant:
                yield name, ast.unparse(call)


def test_where_text_arrives_a_number_or_a_date_is_read_with_care() -> None:
    found = {(name, call) for name, call in unguarded() if call not in REVIEWED.get(name, {})}
    assert found == set()


def test_every_reason_is_still_needed() -> None:
    known = set(unguarded())
    assert {(name, call) for name, calls in REVIEWED.items() for call in calls} - known == set()
