"""Staff passwords in tests: set, change and sign in with them."""

from flask import Flask

from campaign.models import (
    StaffMember,
    StaffRole,
)
from campaign.runtime.context import Installation
from campaign.web.staff.auth.security import hash_password
from tests.support.staff import StaffClient, add_staff, browser

FIRST, SECOND = "tapir umbrella kilowatt", "seven lumpy otters sing"


def change(client: StaffClient, new: str, old: str = "") -> tuple[int, str]:
    answer = client.post_form("/staff/account/password", {"old": old, "new": new})
    return answer.status_code, answer.text


def sign_in(app: Flask, email: str, password: str) -> tuple[StaffClient, int]:
    client = browser(app)
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    answer = client.post_form("/staff/sign-in", {"email": email, "password": password})
    return client, answer.status_code


PASSWORD = FIRST


def with_password(app: Flask, installation: Installation, email: str) -> StaffMember:
    """Add a viewer with a password."""
    member, _ = add_staff(installation, StaffRole.viewer, email)
    with app.app_context(), installation.sessions.begin() as session:
        session.get_one(StaffMember, member.id).password = hash_password(PASSWORD)
    return member
