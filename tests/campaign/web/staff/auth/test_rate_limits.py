"""How often signing in may be tried, and that every lock ends by itself."""

import re
from datetime import timedelta

import time_machine
from flask import Flask

from campaign.core.clock import now
from campaign.runtime.context import Installation
from tests.support.passwords import PASSWORD, with_password
from tests.support.staff import (
    browser,
)


def test_guesses_are_slowed_down_and_the_lock_ends_by_itself(
    app: Flask, installation: Installation
) -> None:
    with_password(app, installation, "ana@example.org")
    client, form = browser(app), {"email": "ana@example.org", "password": "guess"}
    with time_machine.travel(now(), tick=False) as clock:
        assert [client.post_form("/staff/sign-in", form).status_code for _ in range(10)] == [
            422
        ] * 10
        right = form | {"password": PASSWORD}
        locked = client.post_form("/staff/sign-in", right)
        assert locked.status_code == 429
        assert re.search(r"wait 1[0-5] minutes", locked.text), locked.text
        assert 0 < int(locked.headers["Retry-After"]) <= 900
        other = {"email": "other@example.org", "password": "x"}
        assert client.post_form("/staff/sign-in", other).status_code == 422
        clock.shift(timedelta(minutes=15, seconds=1))
        assert client.post_form("/staff/sign-in", right).status_code == 303
