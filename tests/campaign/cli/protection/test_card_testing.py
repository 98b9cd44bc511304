"""`campaign card-testing`: figures and the switch."""

from campaign.card_testing.policy import LevelCounts
from campaign.card_testing.siege import begin_automatically, find_siege
from campaign.core.clock import now
from campaign.models import AttemptCount, SiegeScope
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run


def test_the_switch_is_shown_turned_on_and_off(run: Run, installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.add(AttemptCount(minute=now(), attempts=7, held=2))
    calm = run("card-testing", "status")
    assert calm.status == 0
    assert "not switched on" in calm.out
    assert "In the last hour: 7 attempts to give, 2 held, 0 sessions opened" in calm.out
    assert run("card-testing", "start", "--reason", "many small gifts").status == 0
    assert "is on for everyone since" in run("card-testing", "status").out
    assert "many small gifts" in run("card-testing", "status").out
    again = run("card-testing", "start")
    assert (again.status, again.errors) == (1, ["The protection is already on for everyone."])
    assert run("card-testing", "end").out == "The protection is off.\n"
    over = run("card-testing", "end")
    assert (over.status, over.errors) == (1, ["The protection is not switched on."])


def test_the_review_names_an_attack(run: Run, installation: Installation) -> None:
    with installation.sessions.begin() as session:
        begin_automatically(session, SiegeScope.scripts, LevelCounts(1_000, 1, 60), now())
    shown = run("review").out
    assert "Card testing: 1" in shown
    assert "for scripts: 1000 unpaid sessions and 60 declined cards" in shown
    with installation.sessions() as session:
        assert find_siege(session) is not None
