"""The glossary: its classes and tables exist, and its forbidden words are not in use."""

import re

import pytest

from campaign.models.base import Base
from tests.house.forbidden_words import (
    GLOSSARY,
    HEADING,
    Line,
    all_hits,
    hits,
    prose,
    read_rules,
    visible_text,
)

TABLE = f"""
{HEADING}

| Do not write | Write | Where | Except in |
|---|---|---|---|
| mend, mends | repair | everywhere | |
| letter | email | everywhere | cover letter, Letter paper |
| donation | gift | donors | |
"""
ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def found_in(text: str, *, for_donors: bool = False) -> list[str]:
    return list(hits([Line("x.html:7", text, for_donors)], read_rules(TABLE)))


def test_no_forbidden_word_is_in_use() -> None:
    assert list(all_hits()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mend the card", ['x.html:7: "Mend": use repair']),
        (
            "It mends itself by letter",
            ['x.html:7: "mends": use repair', 'x.html:7: "letter": use email'],
        ),
        ("Amend it on Letter paper", []),
        ("A donation", []),
    ],
)
def test_a_hit_names_its_place_the_word_and_the_word_to_use(text: str, found: list[str]) -> None:
    assert found_in(text) == found


def test_a_word_for_staff_is_forbidden_only_where_donors_read() -> None:
    assert found_in("Your donation", for_donors=True) == ['x.html:7: "donation": use gift']


def test_a_templates_prose_is_its_text_its_labels_and_its_phrases() -> None:
    template = (
        "{# mend #}<p class='mend'\n title=\"A title\">{{ mend }}{{ 'A phrase' if x else 'mend' }}\n"
        "{% trans %}In trans{% endtrans %}</p>"
    )
    lines = visible_text(template).splitlines()

    assert "mend" not in " ".join(lines)
    assert "A title" in f"{lines[0]} {lines[1]}"
    assert "A phrase" in lines[1]
    assert "In trans" in lines[2]


def test_code_in_a_document_is_no_prose() -> None:
    text = "One `mend`\n```\nmend\n```\n[two](mend.md)\n    mend\n"

    assert "mend" not in prose(text)
    assert prose(text).count("\n") == text.count("\n") - 1


def models() -> set[tuple[str, str]]:
    """Return (class, table) of every model."""
    import campaign.models  # registers each model with its base

    assert campaign.models
    return {(one.class_.__name__, str(one.local_table)) for one in Base.registry.mappers}


def test_every_class_and_table_of_the_glossary_exists() -> None:
    rows = ROW.findall(GLOSSARY.read_text(encoding="utf-8").split(HEADING, 1)[0])
    named = {
        pair
        for _, tables, classes in rows
        for pair in zip(names(classes), names(tables), strict=True)
    }
    assert len(named) > 20
    assert named - models() == set()


def names(cell: str) -> list[str]:
    """Return the code spans of a table cell."""
    return re.findall(r"`(\w+)`", cell)
