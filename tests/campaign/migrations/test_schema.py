"""The migrations create exactly what the models define, and beyond it what `beyond_models.sql` says.

The models name tables, columns, constraints and indexes. Triggers, functions and the defaults that the database makes
itself are only in the migrations: after changing one in a new migration, run this file with UPDATE_SCHEMA=1 and read
the changes of `beyond_models.sql`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, FetchedValue, create_engine, pool, text

from campaign import migrations
from campaign.migrations import upgrade
from campaign.models import Base
from tests.support.databases import Databases
from tests.support.schema import Description, describe, differences, of_kinds

BEYOND_MODELS = Path(__file__).with_name("beyond_models.sql")
UPDATE = os.environ.get("UPDATE_SCHEMA") == "1"
IN_MODELS = ("table", "column", "constraint", "index", "sequence")
MADE_BY_THE_DATABASE = [
    f"column {table.name}.{column.name}"
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if type(column.server_default) is FetchedValue
]
"""Columns of which the models say only that they have a default."""


@contextmanager
def empty_database(databases: Databases) -> Iterator[Engine]:
    name = databases.create()
    url = databases.address(name).replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        yield engine
    finally:
        engine.dispose()
        databases.drop(name)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def description_of(engine: Engine) -> Description:
    with engine.connect() as connection:
        return describe(connection)


@pytest.fixture(scope="module")
def migrated(databases: Databases) -> Iterator[Engine]:
    """A database that the migrations made, whatever template other tests run on."""
    with empty_database(databases) as engine:
        upgrade(url_of(engine))
        yield engine


def test_the_migrations_make_what_the_models_say(databases: Databases, migrated: Engine) -> None:
    made = description_of(migrated)
    with empty_database(databases) as engine, engine.begin() as connection:
        # A generated column calls it.
        connection.exec_driver_sql(made["function search_words(texts text)"].replace("%", "%%"))
        Base.metadata.create_all(connection)
        said = describe(connection)
    for column in MADE_BY_THE_DATABASE:
        made[column] = made[column].partition(" DEFAULT ")[0]
    found = differences(
        of_kinds(made, *IN_MODELS),
        of_kinds(said, *IN_MODELS),
        ("the migrations", "the models"),
    )
    assert not found, "the migrations and the models differ:\n" + "\n".join(found)


def beyond_models(made: Description) -> Description:
    """Return what the models do not say."""
    return {
        key: value
        for key, value in made.items()
        if key in MADE_BY_THE_DATABASE or key.split()[0] not in IN_MODELS
    }


def written(description: Description) -> str:
    return "".join(f"-- {key}\n{value.strip()}\n\n" for key, value in description.items())


def read() -> Description:
    parts = BEYOND_MODELS.read_text(encoding="utf-8").split("-- ", 1)[1].split("\n\n-- ")
    pairs = [part.partition("\n") for part in parts]
    return {key: value.strip() for key, _, value in pairs}


def test_beyond_the_models_the_migrations_make_what_was_reviewed(migrated: Engine) -> None:
    made = {key: value.strip() for key, value in beyond_models(description_of(migrated)).items()}
    if UPDATE:
        BEYOND_MODELS.write_text(written(made), encoding="utf-8")
    found = differences(made, read(), ("the migrations", BEYOND_MODELS.name))
    assert not found, (
        "the database differs from what was reviewed; if that is right, run with UPDATE_SCHEMA=1"
        " and read the changes:\n" + "\n".join(found)
    )


def test_every_downgrade_leaves_the_schema_of_the_revision_below(databases: Databases) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations.__path__[0]))
    revisions = [
        one.revision for one in ScriptDirectory.from_config(configuration).walk_revisions()
    ]
    with empty_database(databases) as engine:
        configuration.attributes["database_url"] = url_of(engine)
        before = {"base": description_of(engine)}
        for revision in reversed(revisions):
            command.upgrade(configuration, revision)
            before[revision] = description_of(engine)
        for revision, below in zip(revisions, [*revisions[1:], "base"], strict=True):
            command.downgrade(configuration, below)
            names = (f"after the downgrade of {revision}", f"before {revision}")
            assert differences(description_of(engine), before[below], names) == []


CHANGES = {
    "table fresh": "CREATE TABLE fresh (id bigint)",
    "column campaign.goal": "ALTER TABLE campaign ALTER goal DROP NOT NULL",
    "column campaign.slug": 'ALTER TABLE campaign ALTER slug TYPE text COLLATE "C"',
    "column campaign.grace_days": "ALTER TABLE campaign ALTER grace_days SET DEFAULT 7",
    "column campaign.id": "ALTER TABLE campaign ALTER id SET GENERATED ALWAYS",
    "column donor.words": "ALTER TABLE donor ALTER words DROP EXPRESSION",
    "column note.text": "ALTER TABLE note ALTER text TYPE varchar(80)",
    "constraint campaign.ck_campaign_goal": (
        "ALTER TABLE campaign DROP CONSTRAINT ck_campaign_goal,"
        " ADD CONSTRAINT ck_campaign_goal CHECK (goal >= 0)"
    ),
    "constraint note.fk_note_donor_id_donor": (
        "ALTER TABLE note DROP CONSTRAINT fk_note_donor_id_donor, ADD CONSTRAINT"
        " fk_note_donor_id_donor FOREIGN KEY (donor_id) REFERENCES donor ON DELETE CASCADE"
    ),
    "constraint donation.fk_donation_donor_id_donor": (
        "ALTER TABLE donation ALTER CONSTRAINT fk_donation_donor_id_donor DEFERRABLE"
    ),
    "constraint campaign.uq_campaign_slug": (
        "ALTER TABLE campaign DROP CONSTRAINT uq_campaign_slug"
    ),
    "index uq_donation_open_attempt": (
        "DROP INDEX uq_donation_open_attempt;"
        " CREATE UNIQUE INDEX uq_donation_open_attempt ON donation (attempt)"
    ),
    "index uq_donor_lower_email": (
        "DROP INDEX uq_donor_lower_email;"
        " CREATE INDEX uq_donor_lower_email ON donor (lower(email)) WHERE email <> ''"
    ),
    "index ix_donation_promised": (
        "DROP INDEX ix_donation_promised;"
        " CREATE INDEX ix_donation_promised ON donation (campaign_id) WHERE state = 'processing'"
    ),
    "sequence note_id_seq": "ALTER SEQUENCE note_id_seq INCREMENT 2",
    "trigger ledger_entry.append_only": "ALTER TABLE ledger_entry DISABLE TRIGGER append_only",
    "trigger donation.require_transition": "DROP TRIGGER require_transition ON donation",
    "function guard_merge()": "ALTER FUNCTION guard_merge SECURITY DEFINER",
    "function search_words(texts text)": "ALTER FUNCTION search_words STABLE",
    "view gifts": "CREATE VIEW gifts AS SELECT id FROM donation",
    "type mood": "CREATE TYPE mood AS ENUM ('glad')",
    "rule note.quiet": "CREATE RULE quiet AS ON DELETE TO note DO INSTEAD NOTHING",
    "policy note.mine": "CREATE POLICY mine ON note USING (true)",
    "statistics pairs": "CREATE STATISTICS pairs ON amount, state FROM donation",
    "comment donation.amount": "COMMENT ON COLUMN donation.amount IS 'Cents'",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_difference_of_any_kind_is_seen_and_named(migrated: Engine, name: str) -> None:
    def changed(connection: Connection) -> Description:
        connection.execute(text(CHANGES[name]))
        return describe(connection)

    with migrated.connect() as connection:
        before = describe(connection)
        found = differences(changed(connection), before, ("changed", "made"))
        connection.rollback()
    assert any(line.startswith(f"{name}:") for line in found)
