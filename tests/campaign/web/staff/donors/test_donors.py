"""Staff look for donors, read one, correct, merge and part them, and end a monthly gift."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor
from campaign.donors.notes import add_donor_note
from campaign.models import (
    AuditEntry,
    Donation,
    Donor,
    DonorMerge,
    StaffRole,
    Subscription,
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


def test_a_note_stands_on_the_page_of_its_donor_alone(
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


def test_a_merge_shows_both_as_one_and_is_undone(
    finance: StaffClient, two: tuple[int, int], give: Give, installation: Installation
) -> None:
    first, second = two
    side_by_side = finance.get(f"/staff/donors/{first}/merge?with={second}").text
    assert "$25 in 1" in side_by_side
    assert "$100 in 1" in side_by_side
    for _ in range(2):
        done = finance.post_form(
            f"/staff/donors/{first}/merge", {"with": second, "kept": str(first)}
        )
        assert done.location == f"/staff/donors/{first}"
    page = finance.get(f"/staff/donors/{first}").text
    assert "$125" in page
    assert "ana@work.example" in page
    give("ana@work.example", 700)
    assert "$7" in finance.get(f"/staff/donors/{first}").text
    assert finance.get(f"/staff/donors/{second}").location == f"/staff/donors/{first}"
    with installation.sessions() as session:
        merge = session.scalars(select(DonorMerge)).one()
    for _ in range(2):
        finance.post_form(f"/staff/donors/{first}/merges/{merge.id}/undo")
    assert "$125" not in finance.get(f"/staff/donors/{first}").text
    assert "$100" in finance.get(f"/staff/donors/{second}").text
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if "merged" in one] == ["donor.merged"] * 2 + [
        "donor.unmerged"
    ] * 2


def test_an_address_of_another_donor_leads_to_merging(
    finance: StaffClient, two: tuple[int, int]
) -> None:
    first, second = two
    wanted = {"name": "Ana", "email": "ANA@work.example", "address": ""}
    answer = finance.post_form(f"/staff/donors/{first}/correct", wanted)
    assert answer.status_code == 422
    assert f"Donor {second} has this address already." in answer.text
    assert f"/staff/donors/{first}/merge?with={second}" in answer.text
    broken = finance.post_form(f"/staff/donors/{first}/correct", wanted | {"email": "ana@"})
    assert 'id="email-error"' in broken.text
    assert 'value="ana@"' in broken.text


def test_what_is_wrong_with_a_merge_is_said(finance: StaffClient, two: tuple[int, int]) -> None:
    first, second = two
    answer = finance.post_form(f"/staff/donors/{first}/merge", {"with": second, "kept": "x"})
    assert answer.status_code == 422
    assert "Choose which of the two" in answer.text
    assert finance.get(f"/staff/donors/{first}/merge?with={first}").status_code == 422
    found = finance.get(f"/staff/donors/{first}/merge?q=reyes").text
    assert f"with={second}" in found


def test_a_monthly_gift_is_ended_after_being_asked_once_more(
    client: StaffClient,
    finance: StaffClient,
    installation: Installation,
    campaign: object,
    stripe: StripeSandbox,
) -> None:
    form = {"amount": "25", "frequency": "monthly", "email": "ana@example.org", "attempt": "a"}
    client.post("/c/nine-days/donate", data=form)
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
    stripe.pay(donation.session_id or "")
    client.get(f"/donations/{donation.token}")
    with installation.sessions() as session:
        found = session.scalars(select(Subscription)).one()
    address = f"/staff/donors/{donation.donor_id}/subscriptions/{found.stripe_id}/end"
    assert address in finance.get(f"/staff/donors/{donation.donor_id}").text
    assert "When shall it end?" in finance.get(address).text
    assert finance.post_form(address, {"when": "x"}).status_code == 422
    assert finance.post_form(address, {"when": "later"}).status_code == 303
    assert finance.post_form(address, {"when": "now"}).status_code == 303
    again = finance.post_form(address, {"when": "now"})
    assert (again.status_code, "has ended" in again.text) == (422, True)
    with installation.sessions() as session:
        ended = session.get_one(Subscription, found.id)
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "subscription.ended")
        ).all()
    assert ended.state == "ended"
    assert [one.after["when"] for one in entries] == ["at the end of the period", "at once"]
    assert (
        finance.get(f"/staff/donors/{donation.donor_id}/subscriptions/sub_x/end").status_code == 404
    )


def test_a_viewer_reads_and_changes_nothing(staff: StaffMaker, two: tuple[int, int]) -> None:
    first, _ = two
    viewer = staff(StaffRole.viewer)
    page = viewer.get(f"/staff/donors/{first}").text
    assert "Correct name" not in page
    assert "Keep the note" not in page
    assert viewer.get(f"/staff/donors/{first}/mail").status_code == 200
    for wrong in (f"{first}?before=x", f"{first}/mail?after=x", f"{first}?sort=up"):
        assert viewer.get(f"/staff/donors/{wrong}").status_code == 422
    for path in ("correct", "merge", "merges/1/undo", "notes", "subscriptions/sub_1/end"):
        assert viewer.post_form(f"/staff/donors/{first}/{path}").status_code == 403


def test_what_the_database_cannot_be_asked_is_answered_all_the_same(
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
