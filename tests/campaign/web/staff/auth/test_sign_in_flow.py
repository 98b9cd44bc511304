"""From a first factor to a session: what waits, for how long, and where one lands."""

from datetime import timedelta

import time_machine
from flask import Flask

from campaign.core.clock import now
from campaign.models import StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import link_for, set_up
from tests.support.staff import StaffMaker, browser


def test_guesses_at_the_code_are_slowed_down_and_the_wait_between_factors_ends(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    phone = set_up(client)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False) as clock:
        guesser = browser(app)
        guesser.open_link(link_for(installation, client.member))
        tries = [
            guesser.post_form("/staff/sign-in/second", {"code": "000000"}).status_code
            for _ in range(9)
        ]
        assert tries == [422] * 8 + [429]
        clock.shift(timedelta(minutes=15, seconds=1))
        late = guesser.post_form("/staff/sign-in/second", {"code": phone.code()})
        assert late.location == "/staff/sign-in"
