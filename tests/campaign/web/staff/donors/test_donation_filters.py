"""The filters of the donation list: invalid values are reported."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from campaign.donors.keyset_paging import Cursor
from campaign.models import (
    StaffRole,
)
from campaign.runtime.context import Installation
from campaign.web.staff.donors.donation_filters import FilterReader
from tests.support.campaigns import add_campaign
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=gone", "“gone” is not one of the choices"),
        ("campaign=nowhere", "no campaign named “nowhere”"),
        ("from=yesterday", "“yesterday” is not a date"),
        ("from=2026-02-02&to=2026-01-01", "is before the first"),
        ("least=many", "is not an amount"),
        ("stat=paid", "no filter named “stat”"),
        ("before=x", "is not a valid page"),
    ],
)
def test_an_invalid_filter_is_reported_and_nothing_is_listed(
    staff: StaffMaker, give: Give, query: str, said: str
) -> None:
    give()
    answer = staff(StaffRole.viewer).get(f"/staff/donations?{query}")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Ana Reyes" not in answer.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("frequency=weekly", "“weekly” is not one of the choices"),
        ("kind=fax", "“fax” is not one of the choices"),
        ("from=1899-12-31", "“1899-12-31” is not a date"),
        ("to=3000-01-01", "“3000-01-01” is not a date"),
        ("to=2026-02-30", "“2026-02-30” is not a date"),
        ("most=-5", "is not an amount"),
        ("after=99999999999999999999", "is not a valid page"),
        ("before=", "is not a valid page"),
    ],
)
def test_values_just_outside_the_valid_range_are_reported(
    staff: StaffMaker, give: Give, query: str, said: str
) -> None:
    give()
    answer = staff(StaffRole.viewer).get(f"/staff/donations?{query}")
    assert (answer.status_code, said in answer.text) == (422, True)


def read(app: Flask, installation: Installation, query: str = "") -> FilterReader:
    with app.test_request_context(f"/staff/donations?{query}"), installation.sessions() as session:
        return FilterReader(session)


@pytest.mark.usefixtures("campaign")
def test_dates_are_whole_days_in_the_organizations_time_zone(
    app: Flask, installation: Installation
) -> None:
    found = read(app, installation, "from=2026-03-08&to=2026-03-08").filters
    assert found.since == datetime(2026, 3, 8, 8, tzinfo=UTC)
    # The day when clocks go forward has 23 hours.
    assert found.until == datetime(2026, 3, 9, 7, tzinfo=UTC)


@pytest.mark.usefixtures("campaign")
def test_an_amount_is_in_the_campaigns_currency_or_the_only_one_in_use(
    app: Flask, installation: Installation
) -> None:
    assert read(app, installation, "least=10&most=25.50").filters.least == 1_000
    add_campaign(installation, slug="yen", currency="jpy")
    two = read(app, installation, "least=10")
    assert two.wrong
    assert "Choose a campaign first" in str(two.form.errors)
    yen = read(app, installation, "least=10&campaign=yen")
    assert (yen.wrong, yen.filters.least, yen.filters.currency) == (False, 10, "jpy")
    assert read(app, installation, "least=10&campaign=nine-days").filters.least == 1_000


@pytest.mark.usefixtures("campaign")
def test_no_parameters_list_everything_and_a_cursor_is_not_a_filter(
    app: Flask, installation: Installation
) -> None:
    for query, filtered, narrowed in (
        ("", False, False),
        ("state=&campaign=&q=", False, False),
        ("before=5", False, False),
        ("q=ana", False, True),
        ("state=paid", True, True),
        ("stat=paid", True, True),
    ):
        with app.test_request_context(f"/?{query}"), installation.sessions() as session:
            found = FilterReader(session)
            assert (found.filtered, found.narrowed) == (filtered, narrowed), query
    assert read(app, installation, "after=7").cursor == Cursor(None, 7)


@pytest.mark.usefixtures("campaign")
def test_every_error_is_reported_and_never_used_as_a_filter(
    app: Flask, installation: Installation
) -> None:
    found = read(app, installation, "state=x&campaign=x&from=x&least=x&odd=1&other=2")
    assert set(found.form.errors) == {"", "state", "campaign", "since", "least"}
    assert found.form.form_errors == [
        "There is no filter named “odd”.",
        "There is no filter named “other”.",
    ]
    plain = found.filters
    assert (plain.campaign_id, plain.state, plain.since, plain.least) == (None, None, None, None)
