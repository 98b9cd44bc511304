"""`campaign matching`: the commands, and that repeating them is harmless."""

from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.support.campaigns import add_booked_gift, add_campaign


def test_a_sponsor_is_added_listed_and_ended(
    run: Run, installation: Installation, campaign: Campaign
) -> None:
    add_campaign(installation)
    add = ("matching", "add", "winter", "--sponsor", "The Reyes family", "--pool", "100")
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 2_500)
    first, again = run(*add, "--ratio", "50"), run(*add, "--ratio", "50")
    assert first.status == 0, first.errors
    assert "The Reyes family adds $0.50 for each $1; $0 of $100 matched" in first.out
    assert again.out == first.out
    number = first.out.split()[0]
    assert run("matching", "end", "winter", number).status == 0
    assert "ended early" in run("matching", "list", "winter").out
    wrong = run(*add, "--ratio", "0", "--until", "2099-12-31")
    assert (wrong.status, len(wrong.errors)) == (1, 1)
