"""The page on card testing: figures, the switch, and who may use it."""

from sqlalchemy import select

from campaign.card_testing.policy import LevelCounts
from campaign.card_testing.siege import begin_automatically, find_siege
from campaign.core.clock import now
from campaign.models import AttemptCount, AuditEntry, Campaign, Siege, SiegeScope, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffMaker

PAGE = "/staff/card-testing"


def test_finance_switches_the_protection_on_and_off(
    staff: StaffMaker, installation: Installation
) -> None:
    fay = staff(StaffRole.finance, "fay@example.org")
    assert "It switches itself on in an attack" in fay.get(PAGE).text
    begun = fay.post_form(f"{PAGE}/start", {"reason": "many <small> gifts"})
    assert (begun.status_code, begun.location) == (303, PAGE)
    shown = fay.get(PAGE).text
    assert "The protection is on." in shown
    assert "many &lt;small&gt; gifts" in shown
    assert "Switch on for everyone" not in shown
    fay.post_form(f"{PAGE}/start")
    assert "already on for everyone" in fay.get(PAGE).text
    fay.post_form(f"{PAGE}/end")
    fay.post_form(f"{PAGE}/end")
    assert "not switched on" in fay.get(PAGE).text
    with installation.sessions() as session:
        [row] = session.scalars(select(Siege))
        assert (row.began_by, row.ended_by) == ("fay@example.org", "fay@example.org")
        entries = session.execute(
            select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.subject_kind == "siege")
        ).all()
    assert entries == [("fay@example.org", "siege.began"), ("fay@example.org", "siege.ended")]


def test_viewers_neither_see_nor_switch_it(staff: StaffMaker, installation: Installation) -> None:
    viewer = staff(StaffRole.viewer)
    assert viewer.get(PAGE).status_code == 403
    assert viewer.post_form(f"{PAGE}/start").status_code == 403
    with installation.sessions() as session:
        assert find_siege(session) is None


def test_an_attack_is_on_the_page_and_in_the_review_queue(
    staff: StaffMaker, installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.add(AttemptCount(minute=now(), attempts=4_321, held=4_000))
        begin_automatically(session, SiegeScope.scripts, LevelCounts(1_000, 1, 60), now())
    fay = staff(StaffRole.finance)
    shown = fay.get(PAGE).text
    assert "scripts that skip the page" in shown
    assert "4321" in shown
    assert "Switch on for everyone" in shown
    dashboard = fay.get("/staff/", follow_redirects=True).text
    assert "Somebody tries cards: 1000 unpaid sessions" in dashboard
