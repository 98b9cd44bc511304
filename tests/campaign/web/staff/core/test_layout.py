"""The navigation of the staff pages, and the formats of amounts and times."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from campaign.models import StaffRole
from campaign.web.staff.core.layout import NAVIGATION, organization_zone
from tests.support.staff import StaffMaker


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/staff/", "Dashboard"),
        ("/staff", "Dashboard"),
        ("/staff/c/winter/dashboard", "Dashboard"),
        ("/staff/c/winter", "Campaigns"),
        ("/staff/c/winter/edit", "Campaigns"),
        ("/staff/campaigns/new", "Campaigns"),
        ("/staff/donors/7", "Donors"),
        ("/staff/donations/don_1/refund", "Donations"),
        ("/staff/books/2026-12", "Books"),
        ("/staff/account", ""),
        ("/staff/donorsandmore", ""),
    ],
)
def test_each_page_belongs_to_one_navigation_link(path: str, place: str) -> None:
    assert [one.text for one in NAVIGATION if one.leads_to(path)] == ([place] if place else [])


def test_the_navigation_shows_what_a_role_may_open_and_nothing_else(staff: StaffMaker) -> None:
    client = staff(StaffRole.finance)
    page = client.get("/staff/donations").text
    for one in NAVIGATION:
        shown = f'href="{one.path}"' in page
        assert shown is StaffRole.finance.includes(one.role), one.text
        if shown:
            assert client.get(one.path).status_code == 200


def test_times_and_dates_are_in_the_organizations_time_zone(app: Flask) -> None:
    late = datetime(2026, 12, 23, 7, 59, tzinfo=UTC)
    moment, day = app.jinja_env.filters["moment"], app.jinja_env.filters["day"]
    with app.app_context():
        assert str(organization_zone()) == "America/Los_Angeles"
        assert moment(late) == "Dec 22, 2026, 11:59 p.m. PST"
        assert moment(datetime(2026, 7, 1, 7, tzinfo=UTC)) == "Jul 1, 2026, 12:00 a.m. PDT"
        assert (day(late), day(date(2026, 12, 23))) == ("Dec 22, 2026", "Dec 23, 2026")


def test_amounts_have_the_currencys_decimals_and_a_minus_before_the_symbol(app: Flask) -> None:
    money = app.jinja_env.filters["money"]
    assert money(123_450, "usd") == "$1,234.50"
    assert money(-500, "usd") == "-$5"
    assert money(2_500, "jpy") == "¥2,500"
