"""The query string of the lists: pages, choices, and filters that do not exist."""

from enum import StrEnum

import pytest
from flask import Flask, request
from flask_wtf import FlaskForm
from wtforms import SearchField, SelectField

from campaign.donors.keyset_paging import Cursor
from campaign.web.staff.mail.list_filters import read_choice, read_list_cursor, set_filters


class Color(StrEnum):
    red = "red"
    blue = "blue"


class ColorForm(FlaskForm):  # type: ignore[misc] # Flask-WTF ships no types
    class Meta:
        csrf = False

    q = SearchField()
    color = SelectField(choices=["", *Color], validate_choice=False)


@pytest.mark.parametrize(
    ("query", "cursor", "errors"),
    [
        ("", Cursor(), 0),
        ("q=a&color=red", Cursor(), 0),
        ("before=7", Cursor(before=7), 0),
        ("after=7", Cursor(after=7), 0),
        ("before=x", Cursor(), 1),
        (f"before={'9' * 20}", Cursor(), 1),
        ("shape=round&size=1", Cursor(), 2),
    ],
)
def test_pages_and_names_are_checked(app: Flask, query: str, cursor: Cursor, errors: int) -> None:
    with app.test_request_context(f"/?{query}"):
        form = ColorForm(formdata=request.args)
        assert read_list_cursor(form) == cursor
        assert len(form.form_errors) == errors


@pytest.mark.parametrize(
    ("query", "color", "fine"),
    [
        ("", None, True),
        ("color=", None, True),
        ("color=blue", Color.blue, True),
        ("color=up", None, False),
    ],
)
def test_a_choice_is_one_of_the_choices(
    app: Flask, query: str, color: Color | None, *, fine: bool
) -> None:
    with app.test_request_context(f"/?{query}"):
        form = ColorForm(formdata=request.args)
        assert read_choice(form.color, Color) is color
        assert (not form.color.errors) is fine


def test_a_list_is_narrowed_by_any_filter_but_those_beside_it(app: Flask) -> None:
    for query, narrowed, beside in (
        ("", False, False),
        ("q=a", True, False),
        ("color=red", True, True),
    ):
        with app.test_request_context(f"/?{query}"):
            form = ColorForm(formdata=request.args)
            assert set_filters(form) is narrowed
            assert set_filters(form, {"q"}) is beside
