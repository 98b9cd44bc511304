"""Comparing what is read in a folder with what is expected."""

from pathlib import Path

import pytest

from campaign.core.errors import CampaignError
from campaign.mailer.reports.trial import COLUMNS, read_expectations, table_of, try_folder
from tests.support.bounce_reports import DELAYED, POSTFIX, complaint, delivery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mails = {
        "a/hard.eml": delivery(POSTFIX),
        "a/soft.eml": delivery(DELAYED),
        "b/complaint.eml": complaint(),
        "b/letter.eml": b"Subject: Hello\n\nHello\n",
        "b/broken.eml": b"Content-Type: multipart/report; report-type=delivery-status\n\nhm",
    }
    for name, raw in mails.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    return tmp_path


def test_each_file_below_the_folder_is_read(folder: Path) -> None:
    seen = {each.name: each.seen for each in try_folder(folder, {})}
    assert seen == {
        "a/hard.eml": "permanent",
        "a/soft.eml": "soft",
        "b/complaint.eml": "complaint",
        "b/letter.eml": "not seen",
        "b/broken.eml": "not seen",
    }


def test_the_table_tells_right_from_wrong(folder: Path) -> None:
    expected = {
        "a/hard.eml": "soft",
        "a/soft.eml": "permanent",
        "b/broken.eml": "soft",
        "b/complaint.eml": "complaint",
        "b/letter.eml": "nothing",
    }
    rows = {
        row[0]: dict(zip(COLUMNS, row, strict=True))
        for row in table_of(try_folder(folder, expected))
    }
    assert rows["permanent"]["as temporary"] == "1"
    assert (rows["soft"]["as permanent"], rows["soft"]["not seen"]) == ("1", "1")
    assert rows["complaint"]["right"] == rows["nothing"]["right"] == "1"


def test_only_files_that_are_expected_are_read_if_any_are(folder: Path) -> None:
    assert [each.name for each in try_folder(folder, {"a/hard.eml": "permanent"})] == ["a/hard.eml"]


def test_expectations_are_read_in_several_words(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("name,expected\na.eml,hard\n\nb.eml, soft\nc.eml,none\n")
    assert read_expectations(path) == {"a.eml": "permanent", "b.eml": "soft", "c.eml": "nothing"}


@pytest.mark.parametrize("line", ["a.eml,perhaps", "a.eml", "a.eml,soft,hard"])
def test_a_line_that_expects_nothing_known_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "expected.csv"
    path.write_text(f"name,expected\n{line}\n")
    with pytest.raises(CampaignError, match="line 2: write name,permanent"):
        read_expectations(path)
