"""Direct mail to readers in institutions: one sheet and one code each, nothing personal visible outside."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PageObject, PdfReader
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.models import Campaign, DirectMailPiece, Donation, Donor, StaffRole
from campaign.offline.coupon_codes import coupon_code
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, data_subject_of
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Ended, Run
from tests.support.offline_gifts import FINANCE, Enter, gift_of
from tests.support.staff import StaffMaker

HEADER = "name,number,institution,address,locale\n"
ANA = "Ana Reyes,SID 1234567,Two Rivers Correctional,82911 Beach Access Road|Umatilla OR 97882,\n"
LUZ = "Luz Peña,,Casa de la Costa,1 Wharf Street|Astoria OR 97103,es\n"
INCH = 72
FOLD = 3.55
"""Inches from the top of the sheet: anything above can show in the envelope window."""

Printing = Callable[..., Ended]


@pytest.fixture
def printing(run: Run, running: Campaign, tmp_path: Path) -> Printing:
    """Print these rows to a file in the test's folder."""

    def printed(rows: str, file: str = "1.pdf", *options: str) -> Ended:
        people = tmp_path / "people.csv"
        people.write_text(HEADER + rows)
        where = str(tmp_path / file)
        return run("direct-mail", str(people), where, "--campaign", "year-end", *options)

    return printed


def pages(path: Path) -> list[PageObject]:
    return list(PdfReader(io.BytesIO(path.read_bytes())).pages)


def outside(page: PageObject) -> list[str]:
    """The text above the fold, line by line."""
    height, found = float(page.mediabox.height), []

    def visit(
        text: str, page: list[float], line: list[float], _font: object, _size: object
    ) -> None:
        above = line[4] * page[1] + line[5] * page[3] + page[5]
        if text.strip() and above > height - FOLD * INCH:
            found.append(" ".join(text.split()))

    page.extract_text(visitor_text=visit)
    return found


def posted(installation: Installation) -> dict[str, str]:
    with installation.sessions() as session:
        return {one.name: one.code for one in session.scalars(select(DirectMailPiece))}


@pytest.mark.parametrize("window", ["us", "din"])
def test_each_recipient_has_one_sheet_with_a_code_and_an_address(
    printing: Printing,
    installation: Installation,
    running: Campaign,
    tmp_path: Path,
    window: str,
) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(appeal="A **long** story about a harbor. " * 400))
    ended = printing(ANA + LUZ, "1.pdf", "--window", window)
    assert ended.out == f"Wrote 2 appeals to {tmp_path / '1.pdf'}; 0 rejected.\n"
    ana, luz = pages(tmp_path / "1.pdf")
    sender = ["The Harbor Ledger", "1 Wharf Street", "Astoria, OR 97103"]
    shown = [
        "Ana Reyes, SID 1234567",
        "Two Rivers Correctional",
        "82911 Beach Access Road",
        "Umatilla OR 97882",
    ]
    assert outside(ana) == ([" · ".join(sender)] if window == "din" else sender) + shown
    codes = posted(installation)
    text = " ".join(ana.extract_text().split())
    assert text.count("A long story about a harbor.") > 10
    for part in (coupon_code(running, codes["Ana Reyes"]), "Coupon", "Please do not send cash."):
        assert part in text
    assert codes["Luz Peña"] not in text.lower()
    assert coupon_code(running, codes["Luz Peña"]) in luz.extract_text()
    # Printed again, a reader keeps the code, whatever became of the address.
    again = printing(ANA.replace("82911", "1").replace("Ana", "ANA"), "2.pdf")
    assert (again.status, posted(installation)) == (0, codes)


def test_a_rejected_row_is_named_by_its_line(
    printing: Printing, installation: Installation, tmp_path: Path
) -> None:
    ended = printing(
        ANA
        + "Bo,1,,1 Road,\n"
        + "Bo,1,Prison,,\n"
        + "Bo,1,Prison,a|b|c|d,\n"
        + f"Bo,1,{'Very long ' * 5},1 Road,\n"
        + "=Bo,1,Prison,1 Road,\n"
        + "王,1,Prison,1 Road,\n"
        + "Bo,1,Prison,1 Road,xx-yy-zz\n"
        + "Bo,1\n"
        + ANA.upper().replace(",\n", ",en\n"),
    )
    assert ended.status == 1
    assert ended.out == f"Wrote 1 appeal to {tmp_path / '1.pdf'}; 9 rejected.\n"
    assert [one.partition(": ")[::2] for one in ended.errors[:-1]] == [
        ("line 3", "institution is missing"),
        ("line 4", "address is missing"),
        ("line 5", "the address has 6 lines, but only 5 fit the window"),
        ("line 6", f"{('Very long '*5).strip()!r} is longer than the 40 characters that fit the window"),
        ("line 7", "name starts like a formula: '=Bo'"),
        ("line 8", "'王, 1' has characters that our font cannot print"),
        ("line 9", "'xx-yy-zz' is not a language; write en or es"),
        ("line 10", "2 fields, but the header has 5 columns"),
        ("line 11", "the same person is already on line 2"),
    ]  # fmt: skip
    assert list(posted(installation)) == ["Ana Reyes"]
    assert printing(ANA).errors == [f"{tmp_path / '1.pdf'} already exists. Name another file."]
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(deadline=now()))
    assert printing(ANA, "2.pdf").errors[0].startswith("year-end has ended, ")


def test_a_returned_coupon_fills_in_the_form(
    printing: Printing,
    installation: Installation,
    running: Campaign,
    enter: Enter,
    staff: StaffMaker,
) -> None:
    printing(ANA)
    code = coupon_code(running, posted(installation)["Ana Reyes"])
    address = ["SID 1234567, Two Rivers Correctional", "82911 Beach Access Road", "Umatilla OR 97882"]  # fmt: skip
    finance = staff(StaffRole.finance)
    page = finance.get("/staff/offline", query_string={"code": code}).text
    assert f"{code} was mailed to Ana Reyes for Keep every story free to read." in page
    assert all(f'value="{one}"' in page for one in ["Ana Reyes", *address])
    reported = finance.get(
        "/staff/offline/duplicates", query_string={"code": code.lower()}
    ).get_json()
    names = ("name", "address", "address_2", "address_3")
    assert reported["giver"] == dict(zip(names, ["Ana Reyes", *address], strict=True))
    gift = gift_of(enter(code=code, name="", address="", campaign=""))
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, gift.donation_id)
        donor = session.get_one(Donor, donation.donor_id)
        # All that was posted is counted as one, so that no list of sources names a person.
        assert donation.code == coupon_code(running, "post")
        assert (donor.name, donor.address) == ("Ana Reyes", "\n".join(address))
        whose = data_subject_of(session, donor)
        assert collect_personal_data(session, whose)["direct_mail"][0]["number"] == "SID 1234567"
        erase_person(session, whose, FINANCE, now())
    assert posted(installation) == {}
