"""Flags of the sign-in cookies."""

from dataclasses import replace

import pytest

from campaign.core.settings import Settings
from campaign.web.cookies import cookie_flags


@pytest.mark.parametrize(
    ("site", "secure"),
    [
        ("https://give.example.org", True),
        ("HTTPS://give.example.org/fund", True),
        ("http://give.example.org", False),
        ("http://https.example.org", False),
    ],
)
def test_with_https_no_cookie_is_sent_over_plain_http(
    settings: Settings, site: str, secure: bool
) -> None:
    flags = cookie_flags(replace(settings, site_url=site))
    assert flags == {"secure": secure, "httponly": True, "samesite": "Lax"}
