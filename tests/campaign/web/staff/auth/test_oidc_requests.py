"""Requests of the OpenID Connect library by our rules; the sign-in itself is in test_oidc.py."""

import pytest
import requests

from campaign.core.outgoing.connection import OutgoingRules
from campaign.web.staff.auth.oidc_requests import LARGEST_ANSWER, ProviderAdapter
from tests.support.upstream import Answer, Upstream


def session(rules: OutgoingRules) -> requests.Session:
    made = requests.Session()
    made.mount("http://", ProviderAdapter(rules))
    made.mount("https://", ProviderAdapter(rules))
    return made


def test_a_request_arrives_and_its_answer_comes_back() -> None:
    with Upstream() as web:
        web.answers("/token", Answer(b'{"a": 1}', {"Content-Type": "application/json"}))
        answer = session(OutgoingRules(livemode=False)).post(
            f"http://127.0.0.1:{web.port}/token?x=1", data={"code": "c"}, headers={"X-Own": "1"}
        )
        [asked] = web.received
    assert (answer.status_code, answer.json()) == (200, {"a": 1})
    assert (asked.method, asked.target, asked.body) == ("POST", "/token?x=1", b"code=c")
    assert (asked.headers["x-own"], asked.headers["accept-encoding"]) == ("1", "identity")


def test_only_so_much_is_read_and_no_redirect_is_followed() -> None:
    with Upstream() as web:
        base = f"http://127.0.0.1:{web.port}"
        web.answers("/large", Answer(b"x" * (LARGEST_ANSWER + 1)))
        web.answers("/moved", Answer(status=307, headers={"Location": f"{base}/inside"}))
        here = session(OutgoingRules(livemode=False))
        assert len(here.get(f"{base}/large").content) == LARGEST_ANSWER
        with pytest.raises(requests.ConnectionError, match="redirects"):
            here.get(f"{base}/moved")
        assert web.asked("/inside") == []


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://169.254.169.254/latest", "http://login.example.org/"]
)
def test_in_live_mode_the_rules_hold(url: str) -> None:
    """Nobody is asked for an address, and nothing is connected to, also if the rules fail."""
    asked: list[str] = []

    def addresses(host: str, _port: int) -> list[str]:
        asked.append(host)
        return []

    with pytest.raises(requests.ConnectionError):
        session(OutgoingRules(livemode=True, addresses=addresses)).get(url)
    assert asked == []
