"""Faults in a SQL expression or a function's body: a comparison moved, a branch or a value of a list left out.

Works on PostgreSQL's own spelling (`pg_get_constraintdef` and the like), in which every operator has its parentheses.
What does not parse afterwards is for the caller to skip.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    r"'(?:[^']|'')*'(?:::[a-z ]+(?:\[\])?)?|\$function\$|::\w+|:=|<>|>=|<=|~\*|!~|\|\||\w+|\s+|."
)
OPERATORS = {
    ">": [">=", "<"],
    ">=": [">"],
    "<": ["<=", ">"],
    "<=": ["<"],
    "=": ["<=", ">=", "<>"],
    "<>": ["<", ">", "="],
    "~": ["~*"],
    "+": ["-"],
    "-": ["+"],
    "AND": ["OR"],
    "OR": ["AND"],
    "lower": [""],
    "NEW": ["OLD"],
    "OLD": ["NEW"],
    "min": ["max"],
    "least": ["greatest"],
}
LIST = re.compile(r"(?:ARRAY\[|IN \()([^\])]*)[\])]")
LOCK = re.compile(r" FOR (?:NO KEY UPDATE|KEY SHARE|SHARE)")


class Variant(NamedTuple):
    """A changed expression, and what was changed in it."""

    what: str
    text: str


def variants(text: str) -> Iterator[Variant]:
    """Yield the expression with one fault at a time."""
    seen = {text}
    for one in (*_tokens(text), *_nulls(text), *_branches(text), *_lists(text), *_patterns(text)):
        if one.text not in seen:
            seen.add(one.text)
            yield one


def function_variants(body: str) -> Iterator[Variant]:
    """Yield a function's body with one fault at a time: those of expressions, and statements or locks left out."""
    yield from variants(body)
    for found in LOCK.finditer(body):
        yield Variant(f"without{found[0]}{_near(body, found.start())}", _cut(body, *found.span()))
    for found in re.finditer(r"^ *PERFORM [^;]*;\n", body, re.MULTILINE):
        yield Variant(f"without {_short(found[0].strip())}", _cut(body, *found.span()))
    for found in re.finditer(r"coalesce\((.*?), 0\)", body):
        yield Variant("without coalesce", body[: found.start()] + found[1] + body[found.end() :])


def _cut(text: str, start: int, end: int, put: str = "") -> str:
    return text[:start] + put + text[end:]


def _short(text: str) -> str:
    return " ".join(text.split())[:60]


def _near(text: str, position: int) -> str:
    """Where in a longer text: the words before."""
    before = " ".join(text[:position].split())[-40:]
    whole = before.partition(" ")[2] or before
    return f" after `{whole}`" if whole.strip("( ") else ""


def _tokens(text: str) -> Iterator[Variant]:
    for found in TOKEN.finditer(text):
        token, (start, end) = found[0], found.span()
        followed = text[end:].lstrip()
        # Lists lose their values one by one instead, and nothing is less than ''.
        if token in ("=", "<>") and followed.startswith(("ANY", "ALL", "''")):
            continue
        if _listed(text, start):
            continue
        operators = OPERATORS.get(token, [])
        if followed.startswith("'") or text[:start].rstrip().endswith(("'", "'::text")):
            # No text of ours is meant to be before or after another.
            operators = [one for one in operators if one in ("=", "<>", "~*")]
        for put in [*operators, *_numbers(token), *_literals(token)]:
            yield Variant(
                f"`{token}` becomes `{put}`{_near(text, start)}", _cut(text, start, end, put)
            )


def _listed(text: str, position: int) -> bool:
    """Whether a position is inside ARRAY[…] or IN (…)."""
    return any(found.start(1) <= position < found.end(1) for found in LIST.finditer(text))


def _numbers(token: str) -> list[str]:
    return [str(int(token) + 1), str(int(token) - 1)] if token.isdecimal() else []


def _literals(token: str) -> list[str]:
    """A text that nothing equals, with its type."""
    plain = token.startswith("'") and not token.startswith(("''", "'^"))
    return [f"'other'{token[token.rindex(chr(39)) + 1 :]}"] if plain else []


def _nulls(text: str) -> Iterator[Variant]:
    for found in re.finditer(r"IS (NOT )?NULL|IS DISTINCT FROM|IS NOT TRUE", text):
        put = {
            "IS NULL": "IS NOT NULL",
            "IS NOT NULL": "IS NULL",
            "IS DISTINCT FROM": "=",
            "IS NOT TRUE": "IS NULL",
        }[found[0]]
        yield Variant(
            f"{found[0]} becomes {put}{_near(text, found.start())}",
            _cut(text, *found.span(), put),
        )


def _branches(text: str) -> Iterator[Variant]:
    """Leave out each branch of each AND and OR."""
    for start, end in [(0, len(text)), *_groups(text)]:
        parts = _split(text[start:end])
        for number, part in enumerate(parts):
            if len(parts) > 1:
                rest = [one for position, one in enumerate(parts) if position != number]
                joined = re.sub(r"^\s*(AND|OR)\b", "", "".join(rest))
                yield Variant(f"without {_short(part)}", _cut(text, start, end, joined))


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the inside of each pair of parentheses begins and ends."""
    open_at: list[int] = []
    for found in TOKEN.finditer(text):
        if found[0] == "(":
            open_at.append(found.end())
        elif found[0] == ")" and open_at:
            yield open_at.pop(), found.start()


def _split(inside: str) -> list[str]:
    """Split at the AND or OR of the outermost level; each part but the first begins with its word."""
    parts, depth = [""], 0
    for found in TOKEN.finditer(inside):
        token = found[0]
        depth += (token == "(") - (token == ")")
        if depth == 0 and token in ("AND", "OR"):
            parts.append("")
        parts[-1] += token
    return parts


def _lists(text: str) -> Iterator[Variant]:
    """Leave out each value of ARRAY[…] and IN (…)."""
    for found in LIST.finditer(text):
        values = found[1].split(", ")
        for number, value in enumerate(values):
            rest = ", ".join(values[:number] + values[number + 1 :])
            if rest:
                yield Variant(
                    f"{value} is not in the list{_near(text, found.start())}",
                    _cut(text, *found.span(1), rest),
                )


def _patterns(text: str) -> Iterator[Variant]:
    """Loosen each regular expression."""
    for found in re.finditer(r"'(\^[^']*\$)'", text):
        pattern = found[1]
        looser = [
            pattern[1:],
            pattern[:-1],
            re.sub(r"\{(\d)\}", r"{1,\1}", pattern),
            re.sub(r"\{(\d)\}", "+", pattern),
            pattern.replace("+", "*", 1),
            pattern.replace("0-9", "", 1),
            pattern.replace("[.]", "."),
            pattern.replace("_", "", 1),
        ]
        for put in looser:
            yield Variant(f"{pattern} becomes {put}", _cut(text, *found.span(1), put))
