"""The form for offline gifts: choices, defaults, parsing, and values kept for the next gift."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from campaign.models import DepositBatch
from campaign.offline.donor_match import NEW_DONOR, Candidate
from campaign.offline.duplicate_checks import EntryWarning
from campaign.offline.entry import UnresolvedEntry
from campaign.web.staff.books.offline_form import STAYS, OfflineGiftForm
from tests.support.figures import campaign_of


@pytest.fixture(autouse=True)
def _asked(app: Flask) -> Iterator[None]:
    with app.test_request_context("/staff/offline"):
        yield


def form(**typed: Any) -> OfflineGiftForm:
    return OfflineGiftForm(formdata=None, data=typed)


def offered(batches: int = 0, **typed: Any) -> OfflineGiftForm:
    made = form(**typed)
    campaigns = [campaign_of(slug=slug, title=slug.title()) for slug in ("winter", "spring")]
    every = [DepositBatch(id=number + 1, name=f"Batch {number}") for number in range(batches)]
    made.offer(campaigns, every, "2026-12-22")
    return made


def test_defaults_are_selected_where_nothing_is_chosen() -> None:
    found = offered()
    assert (found.kind.data, found.received_on.data) == ("cheque", "2026-12-22")
    assert (found.campaign.data, found.batch.data) == ("winter", "")
    kept = offered(kind="cash", received_on="2026-12-01", campaign="spring", token="t")
    assert [kept[name].data for name in ("kind", "received_on", "campaign", "token")] == [
        "cash",
        "2026-12-01",
        "spring",
        "t",
    ]


def test_a_single_open_batch_is_preselected_and_none_of_several() -> None:
    assert offered(1).batch.data == "1"
    assert offered(2).batch.data == ""
    assert offered(1, batch="").batch.data == ""
    assert [one.value for one in offered(2).batch.choices] == ["", "1", "2"]


def test_every_form_has_its_own_token_until_it_is_submitted_again() -> None:
    first, second = offered().token.data, offered().token.data
    assert first
    assert first != second
    assert offered(token=first).token.data == first


def test_stock_never_goes_into_a_batch_and_an_invalid_batch_is_ignored() -> None:
    assert form(kind="cheque", batch="7").choices().batch_id == 7
    assert form(kind="stock", batch="7").choices().batch_id is None
    for batch in ("", "x", "-1", "1.5", None):
        assert form(kind="cheque", batch=batch).choices().batch_id is None


def test_a_token_is_cut_to_its_column_and_an_empty_one_is_none() -> None:
    assert form(token="t" * 65).choices().token == "t" * 64
    assert form(token="").choices().token is None
    assert form(waived=["like-1"], donor="new").choices().waived == ("like-1",)


def test_the_three_address_lines_are_joined() -> None:
    written = form(amount="50", address="1 Pier", address_3="Astoria", kind="cash").written()
    assert written.address == "1 Pier\n\nAstoria"
    assert (written.amount, written.kind, written.email) == ("50", "cash", "")


def test_a_direct_mail_coupon_fills_in_the_donor() -> None:
    made = form(address_3="old")
    made.fill_in("Ana Reyes", ["1 Pier", "Astoria"])
    assert made.giver() == {
        "name": "Ana Reyes",
        "address": "1 Pier",
        "address_2": "Astoria",
        "address_3": "old",
    }


def test_errors_without_a_field_are_added_to_the_reference() -> None:
    made = form()
    made.complain({"amount": "Not an amount.", "reference": "Known."})
    made.complain({"nothing": "Odd."})
    assert list(made.amount.errors) == ["Not an amount."]
    assert list(made.reference.errors) == ["Known.", "Odd."]


def test_candidates_are_offered_with_a_new_donor_last() -> None:
    made = form()
    entry_warnings = [EntryWarning("place", "Late."), EntryWarning("like-1", "The same?")]
    people = [Candidate(7, "Ana", "1 Pier\nAstoria", 1, True), Candidate(8, "Ana", "", 2, False)]
    made.ask(UnresolvedEntry(entry_warnings, people))
    assert [one.value for one in made.waived.choices] == ["place", "like-1"]
    assert [one.label for one in made.donor.choices[:2]] == [
        "Ana, 1 Pier, Astoria (1 gift)",
        "Ana, no address (2 gifts)",
    ]
    assert made.donor.choices[-1].value == NEW_DONOR
    assert made.waived.errors == ["Late.", "The same?"]
    quiet = form()
    quiet.ask(UnresolvedEntry([], []))
    assert (list(quiet.waived.errors), list(quiet.donor.errors)) == ([], [])


def test_only_the_fields_for_the_next_gift_are_kept() -> None:
    stays = {"kind": "cash", "received_on": "2026-12-01", "campaign": "winter"}
    made = form(**stays, batch="", amount="50", name="Ana")
    assert made.kept() == stays
    assert set(made.kept()) < set(STAYS)
