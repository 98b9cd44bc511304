"""Parameters of the API, and the shape of its responses."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from marshmallow import Schema

from campaign.integrations.queries import LARGEST_PAGE
from campaign.runtime.context import Installation
from campaign.web.api.schemas import (
    CampaignSchema,
    DonationParameters,
    DonationSchema,
    DonorSchema,
    LedgerEntrySchema,
    LedgerParameters,
    PageParameters,
    PeriodParameters,
    ProgressSchema,
    ReceiptSchema,
    SubscriptionParameters,
    listed,
)
from tests.support.api_tokens import EVERYTHING, bearer


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("donations?limit=0", 422, "limit"),
        ("donations?state=lovely", 422, "state"),
        ("donations?since=yesterday", 422, "since"),
        ("donations?cursor=%00", 422, "cursor"),
        ("donations?cursor=W10", 422, "cursor"),
        ("donations?color=red", 422, "color"),
        ("donations/don_none", 404, None),
        ("campaigns/none", 404, None),
        ("donors/999999", 404, None),
        ("nothing/here", 404, None),
    ],
)
def test_errors_say_what_is_wrong(
    client: FlaskClient, installation: Installation, path: str, status: int, named: str
) -> None:
    answer = client.get(f"/api/v1/{path}", headers=bearer(installation, *EVERYTHING))
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert named is None or named in answer.json["errors"]


def faults(schema: type[Schema], **given: str) -> set[str]:
    return set(schema().validate(given))


def test_a_page_has_fifty_rows_by_default_and_from_one_to_two_hundred() -> None:
    assert PageParameters().load({}) == {"limit": 50}
    assert PageParameters().load({"limit": str(LARGEST_PAGE)})["limit"] == 200
    for limit in ("0", "201", "-1", "many", "1.5", ""):
        assert faults(PageParameters, limit=limit) == {"limit"}, limit


def test_a_period_requires_offsets() -> None:
    read = PeriodParameters().load({"since": "2026-12-22T14:05:00-08:00"})
    assert read["since"] == datetime(2026, 12, 22, 22, 5, tzinfo=UTC)
    for wrong in ("2026-12-22T14:05:00", "2026-12-22", "yesterday"):
        assert faults(PeriodParameters, since=wrong, until=wrong) == {"since", "until"}, wrong


def test_a_donor_is_a_possible_primary_key() -> None:
    assert faults(DonationParameters, donor=str(2**63 - 1)) == set()
    for wrong in ("0", "-1", str(2**63), "ana"):
        assert faults(DonationParameters, donor=wrong) == {"donor"}, wrong
        assert faults(SubscriptionParameters, donor=wrong) == {"donor"}, wrong


def test_a_state_is_one_of_its_own_kind() -> None:
    assert faults(DonationParameters, state="partially_refunded") == set()
    assert faults(SubscriptionParameters, state="past_due") == set()
    assert faults(SubscriptionParameters, state="partially_refunded") == {"state"}
    assert faults(LedgerParameters, campaign="nine-days") == set()
    assert faults(LedgerParameters, campaign="Nine days") == {"campaign"}


def test_a_list_has_its_rows_and_the_next_cursor() -> None:
    page = listed(LedgerEntrySchema)
    assert page.__name__ == "LedgerEntryPageSchema"
    assert set(page().validate({})) == {"items", "next_cursor"}
    assert page().validate({"items": [], "next_cursor": None}) == {}


def test_responses_have_exactly_the_fields_of_their_schema(
    client: FlaskClient, installation: Installation, gifts: list[str]
) -> None:
    token = bearer(installation, *EVERYTHING)
    for path, schema in (
        ("campaigns", CampaignSchema),
        ("donations", DonationSchema),
        ("donors", DonorSchema),
        ("ledger", LedgerEntrySchema),
        ("receipts", ReceiptSchema),
    ):
        rows = client.get(f"/api/v1/{path}", headers=token).get_json()["items"]
        assert rows, path
        for row in rows:
            assert set(row) == set(schema().fields), path
            assert schema().validate(row) == {}, path
    progress = client.get("/api/v1/campaigns/nine-days/progress", headers=token).get_json()
    assert set(ProgressSchema().fields) <= set(progress)


def test_a_period_includes_its_beginning_and_not_its_end(
    client: FlaskClient, installation: Installation, gifts: list[str]
) -> None:
    token = bearer(installation, *EVERYTHING)
    rows = client.get("/api/v1/ledger", headers=token).get_json()["items"]
    moment = rows[0]["occurred_at"]
    at = [one["id"] for one in rows if one["occurred_at"] == moment]

    def listed_ids(**period: str) -> set[int]:
        answer = client.get("/api/v1/ledger", query_string=period, headers=token)
        return {one["id"] for one in answer.get_json()["items"]}

    assert listed_ids(since=moment) >= set(at)
    assert not listed_ids(until=moment) & set(at)
