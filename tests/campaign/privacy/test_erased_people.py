"""The list of erased people names nobody, is kept beside backups, and erases them again when one is restored."""

import json
import stat
import zipfile
from pathlib import Path

import pytest

from campaign.core.clock import now
from campaign.core.engine_keys import address_digests
from campaign.core.errors import CampaignError
from campaign.models import Campaign, InboxEvent
from campaign.privacy.erased_people import list_erased, load_list, read_entries
from campaign.privacy.erasure_flow import erase
from campaign.privacy.personal_data_export import find_data_subject
from campaign.runtime.context import Installation
from tests.support.personal_data import ADA, everything_of

NAME = "xanthippe"
EMAIL = f"{NAME}@example.org"


def add_person(installation: Installation, campaign: Campaign, name: str = NAME) -> str:
    """Return the public id of the gift of a person with a row in every table."""
    with installation.sessions.begin() as session:
        donor = everything_of(session, session.merge(campaign), name)
        gift = find_data_subject(session, f"{name}@example.org").donations[0]
        body = {
            "data": {"object": {"metadata": {"donation_id": gift.public_id}, "email": donor.email}}
        }
        session.add(
            InboxEvent(
                id=f"evt_{len(name)}", type="x", body=json.dumps(body).encode(), occurred_at=now()
            )
        )
        return gift.public_id


def erase_her(installation: Installation) -> None:
    erase(installation, lambda session: find_data_subject(session, EMAIL), ADA)


def test_an_entry_names_nobody_and_a_guess_of_the_address_does_not_find_it(
    installation: Installation, campaign: Campaign
) -> None:
    gift = add_person(installation, campaign)
    erase_her(installation)
    with installation.sessions() as session:
        (entry,) = list_erased(session)
        assert NAME not in entry.as_line()
        assert entry.donations == [gift]
        assert entry.addresses == address_digests(session, EMAIL.upper())
        assert len(entry.donors) == 1
        assert read_entries([entry.as_line(), "\n"]) == [entry]
    erase_her(installation)
    with installation.sessions() as session:
        assert list(list_erased(session)) == [entry], "the second time, nobody is there"


def test_the_list_is_written_to_its_file_and_keeps_what_others_wrote(
    installation: Installation, campaign: Campaign, tmp_path: Path
) -> None:
    path = tmp_path / "erased"
    path.write_text(
        '{"key":"of another database","erased_at":"2026-01-01T00:00:00+00:00",'
        '"donors":[],"donations":[],"addresses":[]}\n'
    )
    object.__setattr__(installation.settings, "erased_list", path)
    try:
        add_person(installation, campaign)
        for _ in range(2):
            erase_her(installation)
    finally:
        object.__setattr__(installation.settings, "erased_list", None)
    with installation.sessions() as session:
        ours = [one.key for one in list_erased(session)]
    assert [one.key for one in load_list(path)] == ["of another database", *ours]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["erased"]


DATED = '{"key":"k","erased_at":"then","donors":[],"donations":[],"addresses":[]}'


@pytest.mark.parametrize("text", ["{", "[]", '{"key": "k"}', DATED])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(CampaignError, match="Line 1 of the list"):
        load_list(tmp_path / "list")


def test_a_backup_without_a_list_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old", "w") as archive:
        archive.writestr("manifest.json", "{}")
    with pytest.raises(CampaignError, match="has no list"):
        load_list(tmp_path / "old")
