"""What card testing demands of the next attempts to give, set by a test: the pages are tested here, not the policy."""

from collections.abc import Callable

import pytest

from campaign.card_testing.policy import Demand
from campaign.web.giving import card_testing_gate

Ask = Callable[..., None]


@pytest.fixture
def demand(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Set what every attempt from now on is asked: `demand("wait", seconds=5)`."""

    def ask(kind: str, *, seconds: int = 0, difficulty: int = 0) -> None:
        asked = Demand(kind, seconds, difficulty)
        monkeypatch.setattr(card_testing_gate, "assess", lambda _here, _attempt: asked)

    return ask
