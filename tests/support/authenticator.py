"""An authenticator app in tests, set up on the account page, and the recovery codes shown there."""

import html
import re

from passlib.totp import TOTP

from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core.clock import now
from campaign.models import StaffMember
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient


def link_for(installation: Installation, member: StaffMember) -> str:
    with installation.sessions.begin() as session:
        return make_staff_link(session, member, "test", now(), STAFF_LINK)


class AuthenticatorApp:
    """An authenticator app with the key that the page shows for typing."""

    def __init__(self, client: StaffClient) -> None:
        page = client.get("/staff/account/authenticator").text
        found = re.search(r'<code class="key">([^<]+)</code>', page)
        assert found is not None
        assert "data:image/svg+xml" in page
        self._totp = TOTP(key=html.unescape(found[1]).replace("-", "").replace(" ", ""))

    def code(self) -> str:
        return str(self._totp.generate(time=now().timestamp()).token)


def set_up(client: StaffClient) -> AuthenticatorApp:
    app = AuthenticatorApp(client)
    answer = client.post_form("/staff/account/authenticator", {"code": app.code()})
    assert (answer.status_code, answer.location) == (303, "/staff/account")
    return app


def recovery_codes(client: StaffClient) -> list[str]:
    shown = client.post_form("/staff/account/recovery-codes", follow_redirects=True).text
    return re.findall(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){2}", shown)
