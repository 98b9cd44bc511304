"""What the lists of this package share: the page in the query string, and refusals of filters that do not exist."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field

from campaign.core.input_limits import read_key
from campaign.donors.keyset_paging import Cursor

Choice = TypeVar("Choice", bound=StrEnum)


def read_list_cursor(form: FlaskForm) -> Cursor:
    """Return where the page begins. Unknown parameters and invalid pages become errors of `form`."""
    names = {field.name for field in form} | {"before", "after"}
    form.form_errors = [
        f"There is no filter named “{name}”." for name in sorted(set(request.args) - names)
    ]
    return Cursor(before=_key(form, "before"), after=_key(form, "after"))


def read_choice(field: Field, kind: type[Choice]) -> Choice | None:
    """Return what was chosen, or None for all. Something else becomes an error of the field."""
    if not field.data:
        return None
    if field.data not in {str(one) for one in kind}:
        refuse(field, f"“{field.data}” is not one of the choices.")
        return None
    return kind(field.data)


def refuse(field: Field, words: str) -> None:
    """Add an error to the field."""
    field.errors = [*(field.errors or []), words]


def set_filters(form: FlaskForm, beside: Iterable[str] = ()) -> bool:
    """Whether any filter but those named in `beside` is set."""
    return any(field.data for field in form if field.name not in set(beside))


def _key(form: FlaskForm, name: str) -> int | None:
    text = request.args.get(name)
    key = None if text is None else read_key(text)
    if text is not None and key is None:
        form.form_errors.append(f"“{text}” is not a valid page. Start from the first page.")
    return key
