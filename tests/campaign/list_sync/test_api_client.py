"""Requests to a list service: limits are respected, faults do not repeat what it said, nothing waits for long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from campaign.core import clock
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync.api_client import (
    ApiClient,
    ListServiceBusy,
    ListServiceFailed,
    TimeBudget,
    basic,
    moment_in,
)
from tests.support.list_services import BrevoServer

TEST_MODE = OutgoingRules(livemode=False)
KEY = {"api-key": BrevoServer.KEY}


@pytest.fixture
def server() -> Iterator[BrevoServer]:
    with BrevoServer() as running:
        yield running


@pytest.fixture
def client(server: BrevoServer) -> Iterator[ApiClient]:
    made = ApiClient(server.url, KEY, TEST_MODE)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(clock, "pause", found.append)
    return found


def test_a_request_carries_the_headers_the_query_and_json(
    client: ApiClient, server: BrevoServer
) -> None:
    client.get("/contacts", limit=5, offset=0, modifiedSince=None)
    client.expect(
        "POST", "/contacts", {"email": "ana@example.org", "listIds": [3], "attributes": {}}
    )
    first, second = server.asked
    assert (first.headers["api-key"], first.query) == (
        KEY["api-key"],
        {"limit": ["5"], "offset": ["0"]},
    )
    assert second.body["email"] == "ana@example.org"
    assert second.headers["content-type"] == "application/json"
    assert basic("a", "b") == {"Authorization": "Basic YTpi"}


def test_a_fault_says_where_and_how_but_not_what_the_service_said_about_whom(
    client: ApiClient, server: BrevoServer
) -> None:
    with pytest.raises(ListServiceFailed) as failed:
        client.get("/contacts", limit=2000)
    assert str(failed.value) == "GET 127.0.0.1/contacts: status 400"
    server.limits = [(403, {})]
    with pytest.raises(ListServiceFailed) as failed:
        client.expect("GET", "/contacts/ana%40example.org/campaignStats")
    assert "ana" not in str(failed.value)
    assert client.expect("GET", "/contacts?limit=2000", None, 400).status == 400
    server.limits = [(200, {})]
    assert ApiClient(server.url, {}, TEST_MODE).get("/contacts").good


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"x-sib-ratelimit-reset": "45"}, 45.0), ({}, 10.0), ({"Retry-After": "soon"}, 10.0)],
)  # fmt: skip
def test_a_limit_is_waited_for_as_the_service_says(
    client: ApiClient,
    server: BrevoServer,
    waits: list[float],
    headers: dict[str, str],
    seconds: float,
) -> None:
    server.limits = [(429, headers)]
    assert client.get("/contacts").good
    assert waits == [seconds]


def test_a_date_in_retry_after_is_understood(
    client: ApiClient, server: BrevoServer, waits: list[float]
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=30)
    server.limits = [(429, {"Retry-After": format_datetime(at, usegmt=True)})]
    assert client.get("/contacts").good
    assert 25 < waits[0] <= 30


def test_a_long_limit_is_handed_on_at_once(
    client: ApiClient, server: BrevoServer, waits: list[float]
) -> None:
    server.limits = [(429, {"Retry-After": "61"})]
    with pytest.raises(ListServiceBusy, match="61 seconds") as busy:
        client.get("/contacts")
    assert (busy.value.seconds, waits) == (61.0, [])


def test_a_limit_that_comes_back_is_not_waited_for_forever(
    client: ApiClient, server: BrevoServer, waits: list[float]
) -> None:
    server.limits = [(429, {"Retry-After": "1"})] * 3
    with pytest.raises(ListServiceBusy):
        client.get("/contacts")
    assert waits == [1.0, 1.0]


def test_a_failing_service_is_asked_three_times(
    client: ApiClient, server: BrevoServer, waits: list[float]
) -> None:
    server.limits = [(500, {}), (0, {})]
    assert client.get("/contacts").good
    server.limits = [(503, {})] * 3
    with pytest.raises(ListServiceFailed, match="status 503"):
        client.get("/contacts")
    assert waits == [1.0, 2.0, 1.0, 2.0]


def test_a_service_that_cannot_be_reached_says_so() -> None:
    unreachable = ApiClient("http://127.0.0.1:9", {}, TEST_MODE)
    with pytest.raises(
        ListServiceFailed, match=r"127\.0\.0\.1 cannot be reached: the connection was refused"
    ):
        unreachable.get("/contacts")


def test_a_budget_of_time_ends_or_is_unlimited() -> None:
    assert TimeBudget(0).over
    assert not TimeBudget(60).over
    assert not TimeBudget(None).over


def test_only_a_moment_with_a_zone_is_one() -> None:
    assert moment_in("2026-12-22T08:00:05Z") == datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)
    assert moment_in("2026-12-22 08:00:05") is None
    assert moment_in(None) is None


def test_in_live_mode_no_service_in_a_private_network_is_asked_unless_the_settings_name_it(
    server: BrevoServer, waits: list[float]
) -> None:
    with pytest.raises(ListServiceFailed, match="must start with https"):
        ApiClient(server.url, KEY, OutgoingRules(livemode=True)).get("/contacts")
    assert (server.asked, waits) == ([], [])
    named = OutgoingRules(livemode=True, private_hosts=frozenset({"127.0.0.1"}))
    assert ApiClient(server.url, KEY, named).get("/contacts").good
