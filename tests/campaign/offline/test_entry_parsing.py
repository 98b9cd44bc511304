"""Parsing offline gifts: the same for forms and lists, with every error reported by field."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.core.errors import OfflineGiftInvalid
from campaign.models import Campaign, OfflineKind
from campaign.offline.coupon_codes import coupon_code
from campaign.offline.direct_mail_codes import save_coupons
from campaign.offline.direct_mail_list import DirectMailRecipient
from campaign.offline.entry_parsing import OfflineEntry, read_entry
from campaign.runtime.context import Installation
from tests.support.offline_gifts import HERE, TODAY, Enter, days_ago, written_gift


def read(installation: Installation, at: datetime | None = None, **changes: str) -> OfflineEntry:
    with installation.sessions() as session:
        return read_entry(session, written_gift(**changes), at or now(), HERE)


def faults(
    installation: Installation, at: datetime | None = None, **changes: str
) -> dict[str, str]:
    with pytest.raises(OfflineGiftInvalid) as caught:
        read(installation, at, **changes)
    return caught.value.faults


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"received_on": str(TODAY + timedelta(days=2))}, "received_on", "in the future"),
        (
            {"received_on": days_ago(3), "postmarked_on": days_ago(2)},
            "postmarked_on",
            "is after the date received",
        ),
        ({"received_on": "12/31/2026"}, "received_on", "is not a date"),
        ({"amount": "1e9"}, "amount", "not an amount"),
        ({"amount": "1000000"}, "amount", "The most for one entry"),
        ({"currency": "eur"}, "currency", "is not the currency of year-end, which is usd"),
        ({"email": "ana@"}, "email", "not an email address"),
        ({"code": "autumn"}, "code", "There is no coupon with the code 'autumn'"),
        ({"campaign": ""}, "code", "Enter a code or choose a campaign"),
        ({"kind": "gold"}, "kind", "is not a kind of gift"),
        ({"kind": "stock"}, "description", "Describe the gift"),
        ({"reference": "9\x00"}, "reference", "control character"),
    ],
)
def test_invalid_values_are_reported_by_field(
    enter: Enter, changes: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(OfflineGiftInvalid) as caught:
        enter(**changes)
    assert words in caught.value.faults[field]


def test_all_errors_are_reported_at_once_but_only_the_first_of_each_field(
    installation: Installation, running: Campaign
) -> None:
    shown = faults(
        installation, received_on="", amount="", kind="gold", email="ana@", name="A" * 201
    )
    assert shown.keys() == {"received_on", "amount", "kind", "email", "name"}
    assert shown["received_on"].startswith("Enter the date received")
    assert shown["name"] == "The name is longer than 200 characters."
    assert (
        faults(installation, name="A\x07" * 200)["name"] == "The name contains a control character."
    )


def test_a_date_is_in_the_future_only_if_it_is_in_utc_too(
    installation: Installation, running: Campaign
) -> None:
    # Five in the afternoon of December 1 in Los Angeles.
    at = datetime(2026, 12, 2, 1, tzinfo=UTC)
    entry = read(installation, at, received_on="2026-12-02", postmarked_on="2026-12-02")
    assert (entry.received_on, entry.postmarked_on) == (date(2026, 12, 2), date(2026, 12, 2))
    shown = faults(installation, at, received_on="2026-12-03")
    assert shown == {"received_on": "2026-12-03 is in the future (received)."}


def test_dates_must_exist_and_start_in_2000(installation: Installation, running: Campaign) -> None:
    assert read(installation, received_on=" 2000-01-01 ").received_on == date(2000, 1, 1)
    for typed in ("1999-12-31", "2025-02-29", "20251231", "２０２５-12-31"):
        assert faults(installation, received_on=typed).keys() == {"received_on"}, typed


def test_a_check_counts_on_its_postmark_date_and_other_kinds_when_received(
    installation: Installation, running: Campaign
) -> None:
    days = {"postmarked_on": days_ago(3), "received_on": days_ago(0)}
    assert read(installation, **days).day == TODAY - timedelta(days=3)
    assert read(installation, **days, kind="cash").day == TODAY
    assert read(installation).day == TODAY


def test_the_largest_amount_is_accepted_and_one_cent_more_is_not(
    installation: Installation, running: Campaign
) -> None:
    assert read(installation, amount="$999,999.99").amount == 99_999_999
    assert faults(installation, amount="1000000.00") == {
        "amount": "The most for one entry is $999,999.99; enter the gift in parts."
    }


def test_a_currency_without_decimals_is_read_in_whole_amounts(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        create_campaign(
            session, NewCampaign("tokyo", "T", "500000", "2099-12-31", "Asia/Tokyo", "jpy")
        )
    yen = {"campaign": "tokyo", "currency": " JPY "}
    assert read(installation, **yen, amount="5000").amount == 5000
    assert "whole amounts only" in faults(installation, **yen, amount="50.5")["amount"]


def test_lines_are_normalized_and_may_have_the_maximum_length(
    installation: Installation, running: Campaign
) -> None:
    entry = read(
        installation,
        name="  Jose\u0301\t Reyes ",
        address=" 1  Wharf St ||\n Astoria ",
        reference=" 10  42 ",
    )
    assert entry.name == "Jos\u00e9 Reyes"
    assert entry.address == "1 Wharf St\nAstoria"
    assert entry.reference == "10 42"
    assert read(installation, name="A" * 200).name == "A" * 200
    assert read(installation, address="A" * 500).address == "A" * 500
    assert faults(installation, address="A" * 501)["address"].endswith(
        "longer than 500 characters."
    )
    assert (
        faults(installation, address="1\x00")["address"]
        == "The address contains a control character."
    )


def test_an_unknown_campaign_is_reported_and_the_other_fields_are_still_read(
    installation: Installation, running: Campaign
) -> None:
    shown = faults(installation, campaign="autumn", amount="much")
    assert shown["campaign"] == "There is no campaign called 'autumn'."
    assert shown.keys() == {"campaign", "amount"}


def test_a_direct_mail_coupon_fills_in_the_recipient_unless_typed(
    installation: Installation, running: Campaign
) -> None:
    reader = DirectMailRecipient("Bo Lee", "SID 7", "Two Rivers", ("1 Road", "Umatilla"), "en")
    with installation.sessions.begin() as session:
        found = session.merge(running)
        (code,) = save_coupons(session, found, [reader], now())
    unnamed = {"code": code, "campaign": "", "address": ""}
    entry = read(installation, **unnamed, name=" ")
    assert (entry.name, entry.address) == ("Bo Lee", "SID 7, Two Rivers\n1 Road\nUmatilla")
    # Neither identifies a recipient: all direct mail is counted under one code.
    assert entry.code == coupon_code(running, "post")
    entry = read(installation, **unnamed, name="Cy")
    assert (entry.name, entry.address, entry.kind) == ("Cy", "", OfflineKind.cheque)


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("name", "A" * 200),
        ("reference", "A" * 100),
        ("description", "A" * 300),
        # 254 characters.
        ("email", f"{'a' * 59}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org"),
    ],
)
def test_each_text_has_its_greatest_length(
    installation: Installation, running: Campaign, field: str, longest: str
) -> None:
    assert getattr(read(installation, **{field: longest}), field) == longest
    assert "long" in faults(installation, **{field: f"a{longest}"})[field]


def test_line_breaks_and_tabs_are_spaces_and_every_other_control_character_is_a_fault(
    installation: Installation, running: Campaign
) -> None:
    assert read(installation, name="Ana\tB.\r\nReyes").name == "Ana B. Reyes"
    for character in "\x00\x0b\x1f\x7f\x85":
        found = faults(installation, name=f"Ana{character}Reyes")
        assert found == {"name": "The name contains a control character."}, repr(character)
    assert read(installation, address="1 Road\nAstoria").address == "1 Road\nAstoria"
    assert "address" in faults(installation, address="1 Road\x07\nAstoria")


def test_a_fault_of_a_date_shows_what_was_typed_in_forty_characters(
    installation: Installation, running: Campaign
) -> None:
    found = faults(installation, received_on="9" * 41, postmarked_on="soon")
    assert found == {
        "received_on": f"'{'9' * 40}' is not a date (received); write it as 2026-12-31.",
        "postmarked_on": "'soon' is not a date (postmark); write it as 2026-12-31.",
    }


def test_a_postmark_may_be_the_day_of_receipt(
    installation: Installation, running: Campaign
) -> None:
    same = days_ago(2)
    entry = read(installation, received_on=same, postmarked_on=same)
    assert entry.postmarked_on == entry.received_on
