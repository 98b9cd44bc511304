"""`campaign offline import`: checks and cash from a CSV file, each counted once."""

import codecs
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign
from campaign.offline.coupon_codes import coupon_code
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.support.offline_gifts import TODAY, days_ago, shown_totals

HEADER = "received_on,postmarked_on,amount,currency,name,email,address,code,reference"
Write = Callable[..., str]
IMPORT = ("offline", "import")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*lines: str, header: str = HEADER, end: str = "\n", mark: bytes = b"") -> str:
        path = tmp_path / "gifts.csv"
        path.write_bytes(mark + end.join((header, *lines, "")).encode())
        return str(path)

    return written


def test_good_rows_are_entered_and_each_bad_one_is_named(
    run: Run, write: Write, installation: Installation, running: Campaign
) -> None:
    code = coupon_code(running, "harbor")
    file = write(
        f'{TODAY},{days_ago(3)},50,usd,Ana Reyes,,"1 Wharf Street\nAstoria, OR 97103",{code},1042 First',
        f"{TODAY},,$1;000,usd,Ben,ben@example.org,,{code},2",
        f"{TODAY},,25.50,USD,Cy,cy@example.org,,,3",
        f"{TODAY},,25,eur,Di,,,{code},4",
        f"{TODAY},,25,usd,Di,,,{code}X,5",
        f"{TODAY},,25,usd,Ed,,,{code},1042 FIRST",
        f"2999-01-01,,1e9,usd,Ed,,,{code},7",
        f'{TODAY},,20,usd,"Flo,,,{code},8',
        f"{TODAY},{days_ago(90)},30,usd,Gus,gus@example.org,,{code},9",
    )
    done = run(*IMPORT, file, "--campaign", "year-end")
    assert done.status == 1
    assert [one.partition(":")[0] for one in done.errors[:-1]] == [
        f"line {line}" for line in (4, 6, 7, 8, 9, 10)
    ]
    for words, line in zip(
        (
            "not an amount",
            "not the currency",
            "last character",
            "already on line 2",
            "future",
            "not closed",
        ),
        done.errors,
        strict=False,
    ):
        assert words in line
    assert "line 11: entered. This gift does not count for the campaign: " in done.out
    assert done.out.endswith("3 entered, 6 rejected.\n")
    assert shown_totals(installation) == (7550, 2, 2)
    again = run(*IMPORT, file, "--campaign", "year-end")
    assert again.status == 1
    assert again.out.endswith("0 entered, 9 rejected.\n")
    assert "Reference 1042 First is already a check of $50 from Ana Reyes" in again.errors[0]
    assert shown_totals(installation) == (7550, 2, 2)
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []


def test_rows_without_a_reference_count_once_however_often_they_are_imported(
    run: Run, write: Write, installation: Installation, running: Campaign
) -> None:
    cash = f"{TODAY};;20;usd;;;;;;cash;"
    file = write(
        cash, cash, f"{TODAY};;20;usd;Ana;;1 Wharf St;;;;", f"{TODAY};;30;usd;Ana;;1 Wharf St.;;;;",
        header=HEADER.replace(",", ";") + ";kind;description", end="\r\n", mark=codecs.BOM_UTF8,
    )  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run(*IMPORT, file, "--campaign", "year-end"), range(2)))
    counts = [int(one.out.splitlines()[-1].split()[0]) for one in both]
    assert sum(counts) == 4
    assert any("same name and address" in one.out for one in both)
    assert shown_totals(installation) == (9000, 4, 3)
    assert run(*IMPORT, file, "--campaign", "year-end").out == "0 entered, 4 rejected.\n"


def test_an_unknown_campaign_is_named(run: Run, write: Write, running: Campaign) -> None:
    done = run(*IMPORT, write(f"{TODAY},,5,usd,A,,,,1"), "--campaign", "autumn")
    assert (done.status, done.errors) == (1, ["There is no campaign called 'autumn'."])
