"""Invalid passkey responses: whatever is sent, nobody signs in and nothing breaks."""

from typing import Any

import pytest
from flask import Flask

from campaign.models import StaffMember, StaffPasskey, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker, browser

GARBAGE: tuple[Any, ...] = (
    {},
    [],
    "x",
    5,
    {"rawId": 5},
    {"rawId": "x", "id": "x", "type": "public-key", "response": None},
    {"rawId": "eA", "id": "eA", "type": "public-key", "response": {}},
    {"rawId": "!", "response": {"clientDataJSON": "e30", "transports": 7}},
)


def send(client: StaffClient, path: str, body: object) -> int:
    headers = {"X-CSRFToken": client.csrf_token()}
    return client.post(path, json=body, headers=headers).status_code


@pytest.fixture
def known(staff: StaffMaker, installation: Installation) -> StaffClient:
    """A member with a passkey whose id is `x`."""
    client = staff(StaffRole.admin)
    with installation.sessions.begin() as session:
        member = session.get_one(StaffMember, client.member.id)
        session.add(
            StaffPasskey(
                staff_id=member.id,
                credential_id=b"x",
                public_key=b"none",
                name="x",
                backup_state=False,
                device_type="single_device",
                usage="first",
            )
        )
    return client


def test_invalid_passkey_responses_are_rejected(app: Flask, known: StaffClient) -> None:
    stranger = browser(app)
    for body in GARBAGE:
        for client, path in (
            (stranger, "/staff/sign-in/passkey"),
            (known, "/staff/account/passkeys"),
        ):
            assert send(client, path, body) == 422, body
            assert send(client, f"{path}/options", {}) == 200
            assert send(client, path, body) == 422, body
    assert stranger.get("/staff/account").status_code == 302
    assert stranger.post("/staff/sign-in/passkey", json={}).status_code == 400


def test_members_remove_only_their_own_passkeys(
    app: Flask, known: StaffClient, staff: StaffMaker, installation: Installation
) -> None:
    other = staff(StaffRole.admin, "other@example.org")
    with installation.sessions() as session:
        (passkey,) = session.query(StaffPasskey)
    path = f"/staff/account/passkeys/{passkey.id}/remove"
    for client, left in ((other, 1), (known, 0), (known, 0)):
        assert client.post_form(path).status_code == 303
        with installation.sessions() as session:
            assert session.query(StaffPasskey).count() == left
