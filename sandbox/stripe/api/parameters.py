"""Parameter checkers. A checker takes the raw value and its path, and returns the typed value or raises Refused.

Unknown names are rejected, so that typos in the code under test are found.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.stripe.errors import Refused, unsupported
from sandbox.stripe.state import Json

Checker = Callable[[Any, str], Any]

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]+.*", re.IGNORECASE)


def _scalar(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"Invalid string: {path}", param=path)
    if value == "":
        raise Refused(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset"
            f" a field; however '{path}' cannot be unset.",
            code="parameter_invalid_empty",
            param=path,
        )
    return value


def text(maximum: int = 5000) -> Checker:
    def check(value: Any, path: str) -> str:
        found = _scalar(value, path)
        if len(found) > maximum:
            message = f"Invalid string: {found[:8]}…; must be at most {maximum} characters"
            raise Refused(message, code="parameter_invalid_string", param=path)
        return found

    return check


def integer(minimum: int | None = None, maximum: int | None = None) -> Checker:
    def check(value: Any, path: str) -> int:
        found = _scalar(value, path)
        if not _INTEGER.fullmatch(found):
            raise _bad_integer(f"Invalid integer: {found}", path)
        number = int(found)
        if minimum is not None and number < minimum:
            raise _bad_integer(f"This value must be greater than or equal to {minimum}.", path)
        if maximum is not None and number > maximum:
            raise _bad_integer(f"This value must be less than or equal to {maximum}.", path)
        return number

    return check


def _bad_integer(message: str, path: str) -> Refused:
    return Refused(message, code="parameter_invalid_integer", param=path)


def boolean(value: Any, path: str) -> bool:
    found = _scalar(value, path)
    if found not in ("true", "false"):
        raise Refused(f"Invalid boolean: {found}", param=path)
    return found == "true"


def choice(*allowed: str) -> Checker:
    def check(value: Any, path: str) -> str:
        found = _scalar(value, path)
        if found not in allowed:
            message = ", ".join(allowed[:-1]) + f", or {allowed[-1]}" if allowed[1:] else allowed[0]
            raise Refused(f"Invalid {path}: must be one of {message}", param=path)
        return found

    return check


def email(value: Any, path: str) -> str:
    found = text(800)(value, path)
    if not _EMAIL.fullmatch(found):
        raise Refused(f"Invalid email address: {found}", code="email_invalid", param=path)
    return found


def url(value: Any, path: str) -> str:
    found = text()(value, path)
    if not _URL.fullmatch(found):
        raise Refused("Not a valid URL", code="url_invalid", param=path)
    return found


def clearable(checker: Checker) -> Checker:
    """Accept an empty string as None, which unsets the value."""
    return lambda value, path: None if value == "" else checker(value, path)


def array(checker: Checker) -> Checker:
    def check(value: Any, path: str) -> list[Any]:
        if not isinstance(value, dict) or sorted(value) != sorted(map(str, range(len(value)))):
            raise Refused("Invalid array", param=path)
        return [checker(value[str(i)], f"{path}[{i}]") for i in range(len(value))]

    return check


def group(fields: Mapping[str, Checker], required: tuple[str, ...] = ()) -> Checker:
    """Check a hash with exactly these possible members."""

    def check(value: Any, path: str) -> Json:
        if not isinstance(value, dict):
            raise Refused("Invalid object", param=path)
        return _members(value, fields, required, path)

    return check


def metadata(value: Any, path: str) -> dict[str, str]:
    """Check metadata: at most 50 keys of 40 characters, values of 500. https://docs.stripe.com/metadata"""
    if not isinstance(value, dict):
        raise Refused("Invalid object", param=path)
    if len(value) > 50:
        raise Refused(f"Metadata can have at most 50 keys; there are {len(value)}", param=path)
    for key, found in value.items():
        where = f"{path}[{key}]"
        if not isinstance(found, str):
            raise Refused("Metadata values are strings", param=where)
        if len(key) > 40:
            message = f"Metadata keys can have up to 40 characters; '{key}' has {len(key)}"
            raise Refused(message, param=path)
        if len(found) > 500:
            message = f"Metadata values can have up to 500 characters; {where} has {len(found)}"
            raise Refused(message, param=where)
    return value


def new_metadata(value: Any, path: str) -> dict[str, str]:
    """Check the metadata of a new object, where keys with empty values are dropped."""
    return {key: found for key, found in metadata(value, path).items() if found}


def names(text: str) -> tuple[str, ...]:
    """Split a string of names at white space."""
    return tuple(text.split())


def moments(value: Any, path: str) -> Json:
    """Check `created=1` or `created[gte]=1&created[lt]=2` and return a hash of comparisons."""
    if isinstance(value, str):
        return {"eq": integer()(value, path)}
    bound = integer()
    return group({"gt": bound, "gte": bound, "lt": bound, "lte": bound})(value, path)


def check_all(
    given: Json,
    fields: Mapping[str, Checker],
    required: tuple[str, ...] = (),
    unsupported_params: tuple[str, ...] = (),
) -> Json:
    """Check all parameters of a request. `unsupported_params` exist at Stripe but not in this sandbox."""
    for name in given:
        if name in unsupported_params:
            raise unsupported(f"the parameter {name}", name)
    return _members(given, fields, required, "")


def _members(
    given: Json, fields: Mapping[str, Checker], required: tuple[str, ...], path: str
) -> Json:
    found: Json = {}
    for name, value in given.items():
        where = f"{path}[{name}]" if path else name
        if name not in fields:
            raise _unknown(name, where, fields)
        found[name] = fields[name](value, where)
    for name in required:
        if name not in found:
            raise missing_parameter(f"{path}[{name}]" if path else name)
    return found


def missing_parameter(path: str) -> Refused:
    return Refused(f"Missing required param: {path}.", code="parameter_missing", param=path)


def _unknown(name: str, where: str, fields: Mapping[str, Checker]) -> Refused:
    message = f"Received unknown parameter: {where}"
    close = difflib.get_close_matches(name, list(fields), 1, 0.7)
    if close:
        message += f". Did you mean {close[0]}?"
    return Refused(message, code="parameter_unknown", param=where)
