"""The webhook pages: add, test and disable endpoints; pages of deliveries."""

import re
from typing import Any

import pytest

from campaign.integrations.deliveries import PAGE
from campaign.models import WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.support.campaigns import audited
from tests.support.staff import StaffClient, StaffMaker

FORM = {"url": "https://crm.example.org/hook", "events": ["donation.paid", "donation.refunded"]}


@pytest.fixture
def admin(staff: StaffMaker) -> StaffClient:
    return staff()


@pytest.fixture
def place(admin: StaffClient) -> str:
    """Return the URL of an endpoint's page."""
    return str(admin.post_form("/staff/webhooks", FORM).location)


def endpoints(installation: Installation) -> list[WebhookEndpoint]:
    with installation.sessions() as session:
        return list(session.query(WebhookEndpoint).order_by(WebhookEndpoint.id))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://crm.example.org"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["donation.paid", "donation.lovely"]}, "events"),
    ],
)
def test_errors_are_shown_and_the_input_stays(
    admin: StaffClient, installation: Installation, wrong: dict[str, Any], field: str
) -> None:
    answer = admin.post_form("/staff/webhooks", FORM | wrong)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "url" in wrong or str(FORM["url"]) in answer.text
    assert endpoints(installation) == []


def test_the_same_url_is_the_same_endpoint_with_the_events_last_chosen(
    admin: StaffClient, place: str, installation: Installation
) -> None:
    again = admin.post_form("/staff/webhooks", FORM | {"events": ["subscription.ended"]})
    assert again.location == place
    (kept,) = endpoints(installation)
    assert kept.events == ["subscription.ended"]
    assert kept.secret in admin.get(place).text
    assert kept.secret not in admin.get("/staff/webhooks").text
    assert kept.secret not in str([(one.before, one.after) for one in audited(installation)])


def test_a_disabled_endpoint_gets_no_events_and_can_be_added_again(
    admin: StaffClient, place: str, installation: Installation
) -> None:
    for _ in range(2):
        assert admin.post_form(f"{place}/disable").status_code == 303
    assert "Endpoint disabled." in admin.get(place).text
    admin.post_form(f"{place}/test")
    with installation.sessions() as session:
        assert session.query(WebhookDelivery).count() == 0
    anew = admin.post_form("/staff/webhooks", FORM)
    assert anew.location != place
    first, second = endpoints(installation)
    assert (first.disabled_at is None, second.disabled_at) == (False, None)
    assert first.secret != second.secret


def test_deliveries_page_to_older_ones(
    admin: StaffClient, place: str, installation: Installation
) -> None:
    for _ in range(PAGE + 1):
        admin.post_form(f"{place}/test")
    first = admin.get(place).text
    numbers = re.findall(r"/deliveries/(\d+)", first)
    further = re.findall(r'href="([^"]*\?before=\d+)"', first)
    assert further
    rest = admin.get(further[0]).text
    assert "before=" not in rest
    with installation.sessions() as session:
        known = {str(one.id) for one in session.query(WebhookDelivery)}
    assert len(known) == PAGE + 1
    assert set(numbers) | set(re.findall(r"/deliveries/(\d+)", rest)) <= known


def test_unknown_endpoints_are_404(admin: StaffClient, place: str) -> None:
    assert admin.get("/staff/webhooks/999").status_code == 404
    for path in ("/staff/webhooks/999/disable", f"{place}/deliveries/999"):
        assert admin.post_form(path).status_code == 404, path
