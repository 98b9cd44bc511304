"""Columns are found by preset, by common names, or as a person says; the rest is ignored by name."""

import pytest

from campaign.core.errors import ListInvalid
from campaign.moving.columns import ImportField, Preset, find_preset, map_columns

FIELDS = (
    ImportField("email", "the address", required=True, also=("e-mail", "email address")),
    ImportField("name", "the name"),
    ImportField("consent_at", "when they agreed"),
)
PLAIN = Preset("plain", "a plain list", "people", {})
MAILER = Preset(
    "mailer", "Mailer", "people",
    {"email": ("Subscriber",), "consent_at": ("CONFIRM_TIME", "JOINED_AT"), "name": ("Tag*",)},
    signature=("CONFIRM_TIME", "JOINED_AT"),
)  # fmt: skip
OTHER = Preset("other", "Other", "people", {}, signature=("EUID",))


def test_common_names_need_no_preset() -> None:
    found = map_columns([" E-Mail ", "NAME", "Shoe size"], FIELDS, PLAIN)
    assert found.columns == {"email": " E-Mail ", "name": "NAME"}
    assert found.ignored == ("Shoe size",)


def test_a_preset_takes_the_best_of_its_columns() -> None:
    columns = ["Subscriber", "joined at", "Confirm Time", "Tag (weekly)"]
    found = map_columns(columns, FIELDS, MAILER)
    assert found.columns == {
        "email": "Subscriber", "consent_at": "Confirm Time", "name": "Tag (weekly)",
    }  # fmt: skip
    assert found.ignored == ("joined at",)


def test_what_a_person_says_wins() -> None:
    columns = ["Subscriber", "email", "A = B", "JOINED_AT"]
    found = map_columns(
        columns, FIELDS, MAILER, ["email=email", "A = B=name", "joined_at= consent-at"]
    )
    assert found.columns == {"email": "email", "name": "A = B", "consent_at": "JOINED_AT"}
    assert found.ignored == ("Subscriber",)


def test_a_column_can_be_left_out() -> None:
    found = map_columns(["email", "name"], FIELDS, PLAIN, ["Name="])
    assert found.ignored == ("name",)
    assert found.get({"email": "a", "name": "b"}, "name") == ""
    assert "name" not in found


@pytest.mark.parametrize(
    ("columns", "given", "words"),
    [
        (
            ["name"],
            [],
            "no column for email .the address.. Its columns: name. Name the column with",
        ),
        (["email"], ["Emial=email"], "no column 'Emial'. Did you mean 'email'"),
        (["email"], ["Zzz=email"], "It has: email"),
        (["email"], ["email=shoe"], "'shoe' is not one of our fields: consent_at, email, name"),
        (["email"], ["email"], "is not a mapping"),
        (["email", "b"], ["email=email", "b=email"], "Two columns are given for email"),
    ],
)
def test_a_wrong_mapping_says_what_to_do(columns: list[str], given: list[str], words: str) -> None:
    with pytest.raises(ListInvalid, match=words):
        map_columns(columns, FIELDS, PLAIN, given)


def test_a_preset_is_recognized_by_its_columns() -> None:
    presets = (PLAIN, MAILER, OTHER)
    assert find_preset(presets, "", ["email"]) is PLAIN
    assert find_preset(presets, "", ["confirm time", "JOINED_AT", "EUID"]) is MAILER
    assert find_preset(presets, "other", ["email"]) is OTHER
    with pytest.raises(ListInvalid, match="'nope' is not a preset"):
        find_preset(presets, "nope", ["email"])


def test_a_file_that_could_be_of_two_systems_is_not_guessed() -> None:
    with pytest.raises(ListInvalid, match=r"several systems\. Say which: --preset other, twin"):
        find_preset(
            (PLAIN, OTHER, Preset("twin", "Twin", "people", {}, ("name",))), "", ["EUID", "name"]
        )
