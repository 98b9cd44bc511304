"""Staff search for donors and read one."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from campaign.audit.audit_log import Actor
from campaign.donors.notes import add_donor_note
from campaign.models import (
    Donor,
    StaffRole,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.staff import StaffClient, StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]


FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


@pytest.fixture
def two(give: Give, store: Callable[..., None], installation: Installation) -> tuple[int, int]:
    """Ana gave $25; the same Ana gave $100 under another address."""
    first, second = give(), give("ana@work.example", 10000, name="A. Reyes")
    store(first.completed(), second.completed())
    apply_due_events(installation)
    return first.donation.donor_id, second.donation.donor_id


def test_donors_are_found_by_name_address_and_number(
    finance: StaffClient, two: tuple[int, int], installation: Installation
) -> None:
    first, second = two
    with installation.sessions.begin() as session:
        session.execute(update(Donor).where(Donor.id == second).values(address="7 Elm Rd\n97103"))
    for text, found in (
        ("reyes", {first, second}),
        ("ANA@work.example", {second}),
        ("elm 97103", {second}),
        (str(first), {first}),
        ("nobody", set()),
    ):
        page = finance.get("/staff/donors", query_string={"q": text}).text
        assert {one for one in two if f'/staff/donors/{one}"' in page} == found, text
    assert finance.get("/staff/donors?before=x").status_code == 422


def test_a_note_appears_only_on_the_page_of_its_donor(
    finance: StaffClient, two: tuple[int, int], installation: Installation
) -> None:
    first, second = two
    with installation.sessions.begin() as session:
        for donor_id, text in ((first, "called on Monday"), (second, "called on Tuesday")):
            add_donor_note(session, session.get_one(Donor, donor_id), text, FAY)
        session.flush()
        add_donor_note(session, session.get_one(Donor, second), "called on Monday", FAY)
    assert "called on Tuesday" not in finance.get(f"/staff/donors/{first}").text
    page = finance.get(f"/staff/donors/{second}").text
    assert "called on Tuesday" in page
    assert "called on Monday" in page


def test_a_viewer_reads_and_changes_nothing(staff: StaffMaker, two: tuple[int, int]) -> None:
    first, _ = two
    viewer = staff(StaffRole.viewer)
    page = viewer.get(f"/staff/donors/{first}").text
    assert "Correct name" not in page
    assert "Save note" not in page
    assert viewer.get(f"/staff/donors/{first}/mail").status_code == 200
    for wrong in (f"{first}?before=x", f"{first}/mail?after=x", f"{first}?sort=up"):
        assert viewer.get(f"/staff/donors/{wrong}").status_code == 422
    for path in ("correct", "merge", "merges/1/undo", "notes", "subscriptions/sub_1/cancel"):
        assert viewer.post_form(f"/staff/donors/{first}/{path}").status_code == 403


def test_values_that_the_database_rejects_get_a_normal_response(
    finance: StaffClient, two: tuple[int, int]
) -> None:
    """NUL, numbers too large for a row, days that no clock has."""
    first, _ = two
    huge = "9" * 25
    for path in (
        "donations?q=a%00b",
        "donations?q=don_%00",
        "donations?from=0001-01-01&to=9999-12-31",
        f"donations?before={huge}",
        f"donors/{huge}",
        "donors?q=%00",
        f"donors/{first}/merge?with={huge}",
    ):
        assert finance.get(f"/staff/{path}").status_code in {200, 404, 422}, path
    for path, data in (
        ("notes", {"text": "a\x00b"}),
        ("correct", {"name": "\x00", "email": "a@example.org"}),
        ("merge", {"with": "²", "kept": "²"}),
        ("merge", {"with": huge, "kept": str(first)}),
    ):
        answer = finance.post_form(f"/staff/donors/{first}/{path}", data)
        assert answer.status_code == 422, path
