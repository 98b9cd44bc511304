"""API access: active tokens, scopes and rate limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.integrations.tokens import Scope, revoke_token
from campaign.models import ApiToken, AuditEntry, Campaign
from campaign.runtime.context import Installation
from tests.support.api_tokens import EVERYTHING, bearer


def test_personal_fields_need_donors_read(
    client: FlaskClient, installation: Installation, gifts: Any
) -> None:
    token = bearer(installation, "donations:read")
    for one in client.get("/api/v1/donations", headers=token).json["items"]:
        assert {one["name"], one["email"], one["comment"], one["tribute_name"]} == {None}
    refused = client.get("/api/v1/donors", headers=token)
    assert refused.status_code == 403
    assert refused.json["scope"] == "donors:read"


def test_only_an_active_token_opens_the_api(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    past = datetime(2026, 1, 2, tzinfo=UTC)
    revoked = bearer(installation, *EVERYTHING)
    with installation.sessions.begin() as session:
        token_id = session.scalar(select(ApiToken.id))
        assert revoke_token(session, token_id, Actor.command_line(), clock.now())
        assert not revoke_token(session, token_id, Actor.command_line(), clock.now())
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions[-2:] == ["api_token.created", "api_token.revoked"]
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


def test_use_is_recorded_at_most_once_a_minute_and_no_secret_is_stored(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
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


def test_too_many_requests_get_a_retry_after(
    client: FlaskClient, installation: Installation
) -> None:
    token = bearer(installation, Scope.progress)
    answers = [client.get("/api/v1/campaigns", headers=token) for _ in range(601)]
    assert {one.status_code for one in answers[:600]} == {200}
    refused = answers[-1]
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_the_scheme_is_case_insensitive_and_only_the_header_has_the_token(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    secret = bearer(installation, *EVERYTHING)["Authorization"].removeprefix("Bearer ")

    def asked(header: str, query: str = "") -> int:
        return client.get(
            f"/api/v1/campaigns{query}", headers={"Authorization": header}
        ).status_code

    for header in (f"bearer {secret}", f"BEARER  {secret} "):
        assert asked(header) == 200
    for header in (secret, f"Basic {secret}", "Bearer ", "", f"Bearer {secret}x"):
        assert asked(header, f"?token={secret}") == 401, header


def test_a_missing_scope_is_named(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    token = bearer(installation, Scope.progress)
    for path, scope in (
        ("donations", "donations:read"),
        ("donations/don_none", "donations:read"),
        ("donors/1", "donors:read"),
        ("ledger", "ledger:read"),
        ("donations?limit=0", "donations:read"),
    ):
        answer = client.get(f"/api/v1/{path}", headers=token)
        assert (answer.status_code, answer.json["scope"]) == (403, scope), path
        shown = f'Bearer error="insufficient_scope", scope="{scope}"'
        assert answer.headers["WWW-Authenticate"] == shown
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/api/v1/campaigns", headers=token).status_code == 200


def test_without_a_token_the_api_reveals_nothing(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    answers = [
        client.get(f"/api/v1/{path}")
        for path in ("campaigns/nine-days/progress", "campaigns/none/progress", "donations?x=1")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_token_expires_on_time(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    end = clock.now() + timedelta(hours=1)
    token = bearer(installation, *EVERYTHING, expires_at=end)
    for at, status in ((end - timedelta(seconds=1), 200), (end, 401)):
        with time_machine.travel(at, tick=False):
            assert client.get("/api/v1/campaigns", headers=token).status_code == status


def test_names_require_the_scope_and_responses_are_not_cached(
    client: FlaskClient, installation: Installation, gifts: list[str]
) -> None:
    token = bearer(installation, "donations:read", "donors:read")
    answer = client.get(f"/api/v1/donations/{gifts[0]}", headers=token)
    assert (answer.json["name"], answer.json["email"]) == ("Ana Reyes", "reader0@example.org")
    assert answer.headers["Cache-Control"] == "no-store"
