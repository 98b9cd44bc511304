"""Who may read what of the API: tokens in force, their scopes, and how often."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.integrations.tokens import Scope, revoke_token
from campaign.models import ApiToken, AuditEntry
from tests.support.api_tokens import EVERYTHING, bearer


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


def test_who_asks_too_often_is_told_when_to_come_back(client: FlaskClient, installation):
    token = bearer(installation, Scope.progress)
    answers = [client.get("/api/v1/campaigns", headers=token) for _ in range(601)]
    assert {one.status_code for one in answers[:600]} == {200}
    refused = answers[-1]
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
