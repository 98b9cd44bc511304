"""`campaign import gifts`, as an operator runs it."""

import pytest

from tests.campaign.cli.conftest import CREATE, Run
from tests.support.past_gifts import EXPORTS


def test_a_file_is_looked_at_then_brought_over_for_a_past_campaign(run: Run) -> None:
    made = run(
        *("create", "old", "--past", "--title", "Old", "--goal", "5000", "--start", "2024-12-01"),
        *("--deadline", "2024-12-31", "--timezone", "America/Los_Angeles"),
    )
    assert made.status == 0, made.errors
    file = str(EXPORTS / "donorbox.csv")
    looked = run("import", "gifts", file, "--campaign", "old", "--dry-run")
    done = run("import", "gifts", file, "--campaign", "old")
    assert looked.status == done.status == 0, done.errors
    assert "3 gifts added, 1 count for the campaign" in done.out
    assert "1 left out (failed, canceled or revoked)" in done.out
    assert "Given: $1,128.20. Refunded: $25." in done.out
    again = run("import", "gifts", file, "--campaign", "old")
    assert "3 already present" in again.out
    assert run("ledger", "check").status == 0


def test_refused_rows_are_named_and_the_others_kept(run: Run) -> None:
    run(*CREATE)
    done = run("import", "gifts", str(EXPORTS / "givewp.csv"))
    assert done.status == 1
    assert [one.partition(":")[0] for one in done.errors[:2]] == ["line 10", "line 11"]
    assert "4 gifts added" in done.out
    known = run("import", "gifts", str(EXPORTS / "givewp.csv"), "--state", "Lost in space=failed")
    assert [one.partition(":")[0] for one in known.errors[:1]] == ["line 10"]


@pytest.mark.parametrize("deadline", ["2099-12-31"])
def test_a_past_campaign_has_ended(run: Run, deadline: str) -> None:
    asked = run(
        *("create", "old", "--past", "--title", "Old", "--goal", "5000"),
        *("--deadline", deadline, "--timezone", "America/Los_Angeles"),
    )
    assert (asked.status, len(asked.errors)) == (1, 1)
