"""The API tokens page: an admin creates a token, sees it once, revokes it."""

from typing import Any

from flask.testing import FlaskClient

from campaign.models import ApiToken, Campaign, StaffRole
from campaign.runtime.context import Installation


def test_an_admin_creates_a_token_sees_it_once_and_revokes_it(
    staff: Any, client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    admin = staff(StaffRole.admin)
    wrong = admin.post_form("/staff/api-tokens", {"name": ""})
    assert wrong.status_code == 422
    form = {"name": "The CRM", "scopes": ["progress:read"], "days": "90", "attempt": "a-form"}
    assert admin.post_form("/staff/api-tokens", form | {"days": "7"}).status_code == 422
    for _twice in range(2):
        done = admin.post_form("/staff/api-tokens", form)
        assert (done.status_code, done.location) == (303, "/staff/api-tokens/created")
    made = admin.get("/staff/api-tokens/created")
    assert "no-store" in made.headers["Cache-Control"]
    assert admin.get("/staff/api-tokens/created").location == "/staff/api-tokens"
    secret = made.text.partition("<code>")[2].partition("</code>")[0]
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/campaigns", headers=headers).status_code == 200
    listed = admin.get("/staff/api-tokens")
    assert "The CRM" in listed.text
    assert secret not in listed.text
    with installation.sessions() as session:
        token = session.query(ApiToken).one()
        token_id = token.id
        assert (token.expires_at - token.created_at).days in {89, 90}
    for _twice in range(2):
        assert admin.post_form(f"/staff/api-tokens/{token_id}/revoke").status_code == 303
    assert client.get("/api/v1/campaigns", headers=headers).status_code == 401
    assert staff(StaffRole.finance).get("/staff/api-tokens").status_code == 403
