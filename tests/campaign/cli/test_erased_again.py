"""A backup that is restored does not bring back who was erased after it was made, and a new one has no trace."""

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from campaign.core.database import make_engine, make_sessions
from campaign.core.settings import Settings
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.campaign.privacy.test_erased_people import NAME, add_person, erase_her
from tests.support.personal_data import words_of


def unpaid(installation: Installation) -> None:
    """Make gifts without a payment what the ledger says they are, so that the backup can be restored."""
    with installation.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE outbox_message SET receipt_id = NULL"))
        connection.execute(text("DELETE FROM receipt"))
        connection.execute(text("DELETE FROM offline_gift"))
        connection.execute(text("UPDATE donation SET state = 'failed'"))


@pytest.mark.parametrize("source", ["list", "newer backup", "setting"])
def test_a_restored_backup_erases_again_who_was_erased_after_it_was_made(
    installation: Installation,
    campaign: Campaign,
    settings: Settings,
    bare: str,
    run: Run,
    tmp_path: Path,
    source: str,
) -> None:
    add_person(installation, campaign)
    add_person(installation, campaign, "yolanda")
    unpaid(installation)
    old, new, listed = (tmp_path / name for name in ("old", "new", "list"))
    assert run("backup", str(old)).status == 0
    erase_her(installation)
    assert run("backup", str(new)).status == 0
    listed.write_text(run("donor", "erased").out)

    given = {"list": ["--erased", str(listed)], "newer backup": ["--erased", str(new)]}
    more = {"ERASED_LIST": str(listed)} if source == "setting" else {}
    done = run("restore", str(old), *given.get(source, []), DATABASE_URL=bare, **more)

    assert (done.status, done.errors) == (0, [])
    assert "Erased again: 1 people." in done.out
    engine = make_engine(
        bare.replace("postgresql://", "postgresql+psycopg://", 1), secret_keys=settings.secret_keys
    )
    with make_sessions(engine)() as session:
        assert words_of(session, NAME) == {}
        assert len(words_of(session, "yolanda")) >= 12
    engine.dispose()


def test_without_a_list_the_restore_says_that_erased_people_are_back(
    installation: Installation, campaign: Campaign, bare: str, run: Run, tmp_path: Path
) -> None:
    add_person(installation, campaign)
    unpaid(installation)
    assert run("backup", str(tmp_path / "old")).status == 0
    done = run("restore", str(tmp_path / "old"), DATABASE_URL=bare)
    assert "People who were erased since then are back" in done.out


def test_a_new_backup_has_no_trace(
    installation: Installation, campaign: Campaign, run: Run, tmp_path: Path
) -> None:
    add_person(installation, campaign)
    erase_her(installation)
    assert run("backup", str(tmp_path / "new")).status == 0
    with zipfile.ZipFile(tmp_path / "new") as archive:
        found = [one for one in archive.namelist() if NAME.encode() in archive.read(one).lower()]
    assert found == []
