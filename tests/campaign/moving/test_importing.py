"""An import is resumed where it died, repeated without doubles, harmless twice at once, and says how far it is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.audit.audit_log import Actor
from campaign.core.errors import ListInvalid
from campaign.models import Subscriber
from campaign.moving.importing import (
    CHUNK,
    ImportListener,
    ImportReport,
    ImportRequest,
    plan_import,
    run_import,
)
from campaign.moving.people import ADDED, KNOWN, PeopleImport
from campaign.runtime.context import Installation
from tests.support.moving import NOW, ZONE, import_example

COUNT = 2 * CHUNK + 500


class DiedHalfWay(Exception):
    """A stand-in for the death of the process."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    rows = (f"reader{number}@reader.test,form,2026-01-05\n" for number in range(COUNT))
    path.write_text("email,consent_source,consent_at\n" + "".join(rows))
    return path


def known(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(Subscriber)).one()


def test_an_import_that_died_is_finished_by_the_next(
    installation: Installation, file: Path
) -> None:
    def die(report: ImportReport) -> None:
        if report.rows == 2 * CHUNK:
            raise DiedHalfWay

    kind = PeopleImport()
    listener = ImportListener(lambda _: None, lambda _: None, die)
    plan = plan_import(kind, ImportRequest(file), ZONE, NOW)
    with pytest.raises(DiedHalfWay):
        run_import(kind, plan, installation.sessions, Actor.command_line(), listener, dry_run=False)
    assert known(installation) == 2 * CHUNK
    done = import_example(installation, "people", file)
    assert done.counts == {ADDED: 500, KNOWN: 2 * CHUNK}
    assert known(installation) == COUNT


def test_two_imports_at_once_add_everybody_once(installation: Installation, file: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: import_example(installation, "people", file), range(2)))
    assert sum(one.counts.get(ADDED, 0) for one in both) == COUNT
    assert [one.refused for one in both] == [[], []]
    assert known(installation) == COUNT


def test_the_report_is_one_sentence(installation: Installation, file: Path) -> None:
    file.write_text(file.read_text() + "broken,form,2026-01-05\n")
    done = import_example(installation, "people", file, dry_run=True)
    assert done.report.sentence() == "2,500 added, 1 rejected."
    assert (done.report.rows, known(installation)) == (COUNT + 1, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "nothing"}, "'nothing' is not a preset"),
        ({"zone": "Mars"}, "'Mars' is not a time zone"),
        ({"encoding": "klingon"}, "not an encoding"),
        ({"given": ("nothing=email",)}, "no column 'nothing'"),
    ],
)
def test_what_a_person_says_wrongly_is_one_error(
    installation: Installation, file: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ListInvalid, match=words):
        import_example(installation, "people", file, **options)
