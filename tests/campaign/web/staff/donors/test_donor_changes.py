"""Staff correct and merge donors, undo a merge, and cancel a monthly gift."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from campaign.models import (
    AuditEntry,
    Donation,
    Donor,
    DonorMerge,
    Receipt,
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


def test_a_merge_shows_both_donors_as_one_and_can_be_undone(
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
    assert [one for one in actions if "merge" in one] == ["donor.merged"] * 2 + [
        "donor.merge_undone"
    ] * 2


def test_an_address_of_another_donor_offers_a_merge(
    finance: StaffClient, two: tuple[int, int]
) -> None:
    first, second = two
    wanted = {"name": "Ana", "email": "ANA@work.example", "address": ""}
    answer = finance.post_form(f"/staff/donors/{first}/correct", wanted)
    assert answer.status_code == 422
    assert f"Donor {second} already has this address." in answer.text
    assert f"/staff/donors/{first}/merge?with={second}" in answer.text
    broken = finance.post_form(f"/staff/donors/{first}/correct", wanted | {"email": "ana@"})
    assert 'id="email-error"' in broken.text
    assert 'value="ana@"' in broken.text


def test_an_invalid_merge_is_rejected_with_a_message(
    finance: StaffClient, two: tuple[int, int]
) -> None:
    first, second = two
    answer = finance.post_form(f"/staff/donors/{first}/merge", {"with": second, "kept": "x"})
    assert answer.status_code == 422
    assert "Choose which donor to keep" in answer.text
    assert finance.get(f"/staff/donors/{first}/merge?with={first}").status_code == 422
    found = finance.get(f"/staff/donors/{first}/merge?q=reyes").text
    assert f"with={second}" in found


def test_a_monthly_gift_is_canceled_after_confirmation(
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
    address = f"/staff/donors/{donation.donor_id}/subscriptions/{found.stripe_id}/cancel"
    assert address in finance.get(f"/staff/donors/{donation.donor_id}").text
    assert "When should it be canceled?" in finance.get(address).text
    assert finance.post_form(address, {"when": "x"}).status_code == 422
    assert finance.post_form(address, {"when": "later"}).status_code == 303
    assert finance.post_form(address, {"when": "now"}).status_code == 303
    again = finance.post_form(address, {"when": "now"})
    assert (again.status_code, "is canceled" in again.text) == (422, True)
    with installation.sessions() as session:
        ended = session.get_one(Subscription, found.id)
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "subscription.ended")
        ).all()
    assert ended.state == "ended"
    assert [one.after["when"] for one in entries] == ["at the end of the period", "at once"]
    assert (
        finance.get(f"/staff/donors/{donation.donor_id}/subscriptions/sub_x/cancel").status_code
        == 404
    )


def test_a_correction_applies_to_new_emails_and_not_to_issued_receipts(
    finance: StaffClient, two: tuple[int, int], installation: Installation
) -> None:
    first, _ = two
    wanted = {"name": "  Ana  María ", "email": "Ana@New.example", "address": "1 Pier\r\nAstoria"}
    for _ in range(2):
        done = finance.post_form(f"/staff/donors/{first}/correct", wanted)
        assert (done.status_code, done.location) == (303, f"/staff/donors/{first}")
    with installation.sessions() as session:
        donor = session.get_one(Donor, first)
        assert (donor.name, donor.email) == ("Ana María", "Ana@new.example")
        assert donor.address == "1 Pier\nAstoria"
        issued = select(Receipt).join(Donation).where(Donation.donor_id == first)
        (receipt,) = session.scalars(issued)
        corrected = select(AuditEntry).where(AuditEntry.action == "donor.corrected")
        assert len(session.scalars(corrected).all()) == 1
    frozen = receipt.frozen
    assert (frozen["donor_name"], frozen["donor_email"]) == ("Ana Reyes", "ana@example.org")
    form = finance.get(f"/staff/donors/{first}/correct").text
    assert 'value="Ana María"' in form


def test_either_donor_can_be_kept_and_a_donor_cannot_be_merged_with_itself(
    finance: StaffClient, two: tuple[int, int], installation: Installation
) -> None:
    first, second = two
    for other, kept in ((str(first), str(first)), ("", str(first)), ("999999", str(first))):
        sent = {"with": other, "kept": kept}
        assert finance.post_form(f"/staff/donors/{first}/merge", sent).status_code == 422, sent
    sent = {"with": str(second), "kept": str(second)}
    done = finance.post_form(f"/staff/donors/{first}/merge", sent)
    assert done.location == f"/staff/donors/{second}"
    with installation.sessions() as session:
        merge = session.scalars(select(DonorMerge)).one()
    assert (merge.kept_id, merge.merged_id) == (second, first)
    assert finance.post_form(f"/staff/donors/{first}/merges/999/undo").status_code in {303, 404}


def test_pages_of_other_donors_or_missing_ones_are_not_found(
    finance: StaffClient, two: tuple[int, int]
) -> None:
    first, _ = two
    for path in ("correct", "merge", "subscriptions/sub_x/cancel"):
        assert finance.get(f"/staff/donors/999999/{path}").status_code == 404, path
    assert finance.post_form(f"/staff/donors/{first}/subscriptions/sub_x/cancel").status_code == 404
