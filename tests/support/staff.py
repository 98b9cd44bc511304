"""Staff members in tests, signed in by a one-time link as in production."""

import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from campaign.audit.audit_log import Actor
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core.clock import now
from campaign.models import (
    StaffMember,
    StaffRole,
)
from campaign.runtime.context import Installation
from campaign.staff.members import add_member

COMMAND_LINE = Actor("command line: tests", StaffRole.admin)


class StaffClient(FlaskClient):
    """The browser of a staff member. `member` is signed in."""

    member: StaffMember

    def csrf_token(self) -> str:
        """Return the CSRF token of a form in this session."""
        with self.session_transaction("/staff/") as session:
            raw = session.setdefault("csrf_token", hashlib.sha1(os.urandom(64)).hexdigest())
        secret = self.application.config["SECRET_KEY"]
        return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))

    def post_form(self, path: str, data: Any = None, **kwargs: Any) -> TestResponse:
        """POST a form with its CSRF token."""
        fields = dict(data or {}) | {"csrf_token": self.csrf_token()}
        return self.post(path, data=fields, **kwargs)

    def open_link(self, path: str) -> TestResponse:
        """Sign in with a one-time link and its button."""
        assert self.get(path).status_code == 200
        return self.post_form(path)


StaffMaker = Callable[..., StaffClient]


def add_staff(
    installation: Installation, role: StaffRole, email: str | None = None
) -> tuple[StaffMember, str]:
    """Add a member with `role`; return them and the path of their sign-in link."""
    with installation.sessions.begin() as session:
        address = email or f"{role}@harbor-ledger.example"
        added = add_member(session, address, role, COMMAND_LINE, now())
        path = make_staff_link(session, added.member, COMMAND_LINE.name, now(), STAFF_LINK)
    return added.member, path


def browser(app: Flask) -> StaffClient:
    """Return a browser that is not signed in."""
    return StaffClient(app, app.response_class, use_cookies=True)


@pytest.fixture
def staff(app: Flask, installation: Installation) -> StaffMaker:
    """`staff(StaffRole.finance)` returns a browser where a member with that role (default admin) is signed in."""

    def sign_in(role: StaffRole = StaffRole.admin, email: str | None = None) -> StaffClient:
        client = browser(app)
        client.member, path = add_staff(installation, role, email)
        assert client.open_link(path).status_code == 303
        return client

    return sign_in
