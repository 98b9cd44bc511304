"""The read API: tokens and scopes, pages of lists, errors."""

from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from campaign.integrations.tokens import Scope
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.api_tokens import EVERYTHING, bearer


def test_a_list_is_read_page_by_page_each_gift_once(
    client: FlaskClient, installation: Installation, gifts: Any
) -> None:
    token = bearer(installation, *EVERYTHING)
    seen, path = [], "/api/v1/donations?limit=2&state=paid"
    while path:
        answer = client.get(path, headers=token)
        assert answer.status_code == 200, answer.text
        seen += [one["id"] for one in answer.json["items"]]
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].partition("/api")[2]
        path = f"/api{path}" if path else ""
    assert sorted(seen) == sorted(gifts)
    assert len(seen) == 5


def test_every_list_and_object_answers(
    client: FlaskClient, installation: Installation, gifts: Any, campaign: Campaign
) -> None:
    token = bearer(installation, *EVERYTHING)
    for path in ("campaigns", "donations", "donors", "ledger", "receipts", "subscriptions"):
        answer = client.get(f"/api/v1/{path}", headers=token)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert bool(answer.json["items"]) == (path != "subscriptions")
    one = client.get(f"/api/v1/donations/{gifts[0]}", headers=token).json
    assert one["amount"] == 2500
    assert one["currency"] == "usd"
    assert one["email"] == "reader0@example.org"
    assert one["receipt_number"]
    assert datetime.fromisoformat(one["paid_at"]).tzinfo
    donor = client.get(f"/api/v1/donors/{one['donor']}", headers=token).json
    assert donor["email"] == "reader0@example.org"
    figure = client.get(f"/api/v1/campaigns/{campaign.slug}/progress", headers=token)
    assert figure.json["raised"] == 12500
    again = {**token, "If-None-Match": figure.headers["ETag"]}
    assert (
        client.get(f"/api/v1/campaigns/{campaign.slug}/progress", headers=again).status_code == 304
    )


def test_other_methods_are_refused_and_no_cookie_is_set(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    token = bearer(installation, *EVERYTHING)
    answer = client.post("/api/v1/donations", headers=token)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.mimetype == "application/problem+json"
    head = client.head("/api/v1/campaigns", headers=token)
    assert head.status_code == 200
    assert not head.data
    assert "Set-Cookie" not in head.headers
    assert "Access-Control-Allow-Origin" not in head.headers


def test_progress_is_revalidated_with_its_etag(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    token = bearer(installation, Scope.progress)
    path = f"/api/v1/campaigns/{campaign.slug}/progress"
    first = client.get(path, headers=token)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers=token | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
