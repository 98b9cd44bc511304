"""A whole campaign keeps its promises to readers; `python -m tests.countdown` plays it with 2,000."""

import random

import pytest

from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.countdown import table
from tests.countdown.simulation import Simulation
from tests.countdown.world import World


@pytest.mark.timeout(900)  # two weeks of hourly runs with a mail server, on a busy machine
def test_a_campaign_with_outage_match_extension_and_met_goal_keeps_its_promises(
    installation: Installation, mailbox: MailReceiver
) -> None:
    seed = random.randrange(1_000_000)
    played = Simulation(installation, mailbox, World(seed, 100))
    played.run()
    assert table.faults(played) == [], seed
    every = table.by_reader(played.arrived)
    kinds = {one.what for one in played.arrived}
    assert {"opening", "extension", "three_days", "last_day", "wrap_up"} <= kinds, seed
    # Everybody was asked, and everybody who did not leave reads how it ended.
    assert len(every) == 100
    ended = {one.email for one in played.arrived if one.what in table.AFTER_THE_END}
    assert ended == set(every) - set(played.world.left), seed
    # The first email introduces the campaign, without a bar of nothing.
    firsts = [mails[0] for mails in every.values()]
    assert all("$50,000" in one.text and "$0" not in one.text for one in firsts), seed
    matched = [one for one in played.arrived if one.what == "three_days"]
    assert all("the Reyes family" in one.text for one in matched), seed
