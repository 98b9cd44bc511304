"""The manifest of a backup, and the tables and columns in it."""

from datetime import UTC, datetime
from json import loads

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.backup.manifest import (
    Manifest,
    TableDump,
    backed_up_tables,
    columns_of,
    copy_statement,
    has_identity,
    manifest_of,
)
from campaign.models import Base
from campaign.runtime.context import Installation

MADE = Manifest(
    "0025",
    datetime(2026, 12, 22, 8, 0, 0, 123456, tzinfo=UTC),
    [
        TableDump("donor", ["id", "email"], 2, "ab" * 32, 7),
        TableDump("branding", ["id"], 1, "cd" * 32, None),
    ],
)


def test_a_manifest_survives_a_round_trip() -> None:
    assert manifest_of(loads(MADE.as_json())) == MADE
    assert MADE.rows == 3
    assert [part.name for part in MADE.parts] == ["tables/donor.copy", "tables/branding.copy"]


def test_the_text_of_a_manifest_is_what_later_versions_will_read() -> None:
    assert loads(MADE.as_json()) == {
        "kind": "campaign backup",
        "version": 1,
        "revision": "0025",
        "made_at": "2026-12-22T08:00:00.123456+00:00",
        "parts": [
            {
                "table": "donor",
                "columns": ["id", "email"],
                "rows": 2,
                "sha256": "ab" * 32,
                "position": 7,
            },
            {
                "table": "branding",
                "columns": ["id"],
                "rows": 1,
                "sha256": "cd" * 32,
                "position": None,
            },
        ],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"parts": [{"table": "donor"}]},
        {"parts": None},
        {"made_at": "yesterday"},
        {"made_at": 5},
    ],
)
def test_an_invalid_manifest_raises_a_documented_error(change: dict[str, object]) -> None:
    shown = loads(MADE.as_json())
    with pytest.raises((KeyError, TypeError, ValueError)):
        manifest_of(shown | change)
    for name in ("revision", "made_at", "parts"):
        with pytest.raises(KeyError):
            manifest_of({key: value for key, value in shown.items() if key != name})


def test_every_table_but_sessions_and_links_is_included_after_those_it_refers_to() -> None:
    tables = list(backed_up_tables())
    names = [table.name for table in tables]
    left = {"staff_link", "staff_session", "donor_link", "donor_session"}
    left |= {"session_opening", "card_decline", "attempt_count", "siege", "kept_value"}
    assert set(names) == set(Base.metadata.tables) - left
    for place, table in enumerate(tables):
        referred = {key.column.table.name for key in table.foreign_keys} - {table.name}
        assert referred <= set(names[:place])


def test_computed_and_identity_columns_are_recognized() -> None:
    tables = Base.metadata.tables
    assert "words" not in columns_of(tables["donor"])
    assert {"id", "email", "erased_at"} <= set(columns_of(tables["donor"]))
    assert has_identity(tables["donor"])
    assert not has_identity(tables["branding"])
    assert not has_identity(tables["receipt_counter"])


def test_a_backup_has_every_column_that_the_database_does_not_compute(session: Session) -> None:
    query = text(
        "SELECT table_name, column_name, is_identity = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'public' AND is_generated = 'NEVER'"
    )
    columns: dict[str, set[str]] = {}
    numbered = set()
    for table, column, identity in session.execute(query):
        columns.setdefault(table, set()).add(column)
        if identity:
            numbered.add(table)
    for one in backed_up_tables():
        assert set(columns_of(one)) == columns[one.name], one.name
        assert has_identity(one) is (one.name in numbered), one.name


def test_a_copy_names_its_columns_even_if_they_are_sql_keywords(
    installation: Installation,
) -> None:
    step = Base.metadata.tables["campaign_step"]
    with installation.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        out, back = (
            copy_statement(step, how).as_string(raw) for how in ("TO STDOUT", "FROM STDIN")
        )
    assert out.startswith('COPY "campaign_step" ("id", "campaign_id", ')
    assert '"offset"' in out
    assert out.endswith(") TO STDOUT")
    assert back.endswith(") FROM STDIN")
