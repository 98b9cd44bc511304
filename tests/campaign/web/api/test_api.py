"""The read API: tokens and scopes, pages of lists, problems."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.integrations.tokens import Scope, make_token, revoke_token
from campaign.models import ApiToken, AuditEntry
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events

EVERYTHING = [scope.value for scope in Scope]


def bearer(installation: Installation, *scopes: str, expires_at: datetime | None = None) -> dict:
    with installation.sessions.begin() as session:
        made = make_token(
            session,
            "the CRM",
            list(scopes),
            Actor.command_line(),
            datetime(2026, 1, 1, tzinfo=UTC),
            expires_at=expires_at,
        )
    return {"Authorization": f"Bearer {made.secret}"}


@pytest.fixture
def gifts(give, store, installation):
    found = [give(f"reader{number}@example.org") for number in range(5)]
    store(*(one.completed() for one in found))
    apply_due_events(installation)
    return [one.donation.public_id for one in found]


def test_a_list_is_read_page_by_page_each_gift_once(client: FlaskClient, installation, gifts):
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


def test_every_list_and_object_answers(client: FlaskClient, installation, gifts, campaign):
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


def test_personal_fields_need_donors_read(client: FlaskClient, installation, gifts):
    token = bearer(installation, "donations:read")
    for one in client.get("/api/v1/donations", headers=token).json["items"]:
        assert {one["name"], one["email"], one["comment"], one["tribute_name"]} == {None}
    refused = client.get("/api/v1/donors", headers=token)
    assert refused.status_code == 403
    assert refused.json["scope"] == "donors:read"


def test_only_a_token_in_force_opens_the_api(client: FlaskClient, installation, campaign):
    past = datetime(2026, 1, 2, tzinfo=UTC)
    revoked = bearer(installation, *EVERYTHING)
    with installation.sessions.begin() as session:
        token_id = session.scalar(select(ApiToken.id))
        assert revoke_token(session, token_id, Actor.command_line(), clock.now())
        assert not revoke_token(session, token_id, Actor.command_line(), clock.now())
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions[-2:] == ["api_token.made", "api_token.revoked"]
    for headers in (
        {},
        {"Authorization": "Bearer cmp_wrong"},
        {"Authorization": "Basic YTpi"},
        revoked,
        bearer(installation, *EVERYTHING, expires_at=past),
    ):
        answer = client.get("/api/v1/campaigns", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"


def test_use_is_noted_at_most_once_a_minute_and_no_secret_is_kept(client, installation, campaign):
    token = bearer(installation, *EVERYTHING)

    def used() -> datetime:
        with installation.sessions() as session:
            row = session.scalars(select(ApiToken)).one()
            assert token["Authorization"].removeprefix("Bearer ") not in str(vars(row))
            return row.used_at

    client.get("/api/v1/campaigns", headers=token)
    first = used()
    client.get("/api/v1/campaigns", headers=token)
    assert used() == first
    with installation.sessions.begin() as session:
        session.scalars(select(ApiToken)).one().used_at = first - timedelta(minutes=2)
    client.get("/api/v1/campaigns", headers=token)
    assert used() >= first


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("donations?limit=0", 422, "limit"),
        ("donations?state=lovely", 422, "state"),
        ("donations?since=yesterday", 422, "since"),
        ("donations?cursor=%00", 422, "cursor"),
        ("donations?cursor=W10", 422, "cursor"),
        ("donations?colour=red", 422, "colour"),
        ("donations/don_none", 404, None),
        ("campaigns/none", 404, None),
        ("donors/999999", 404, None),
        ("nothing/here", 404, None),
    ],
)
def test_problems_say_what_is_wrong(client: FlaskClient, installation, path, status, named):
    answer = client.get(f"/api/v1/{path}", headers=bearer(installation, *EVERYTHING))
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert named is None or named in answer.json["errors"]


def test_other_methods_are_refused_and_no_cookie_is_set(
    client: FlaskClient, installation, campaign
):
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


def test_who_asks_too_often_is_told_when_to_come_back(client: FlaskClient, installation):
    token = bearer(installation, Scope.progress)
    answers = [client.get("/api/v1/campaigns", headers=token) for _ in range(601)]
    assert {one.status_code for one in answers[:600]} == {200}
    refused = answers[-1]
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_the_figure_is_asked_for_again_by_its_tag(client: FlaskClient, installation, campaign):
    token = bearer(installation, Scope.progress)
    path = f"/api/v1/campaigns/{campaign.slug}/progress"
    first = client.get(path, headers=token)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers=token | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
