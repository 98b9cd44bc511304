"""The audit log as people read it: each amount in the currency of its own campaign."""

from sqlalchemy import event

from campaign.audit.activity import read_activity
from campaign.audit.audit_log import Actor, Subject, record
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


def test_amounts_are_in_the_currency_of_the_entrys_campaign(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subject = Subject("donor", "7", campaign.id)
        record(session, ADA, "donor.noted", subject, before={"goal": 100}, after={"goal": 2_500})
        record(session, ADA, "donor.noted", Subject("donor", "7"), after={"goal": 2_500})
    with installation.sessions() as session:
        without, within = read_activity(session, "donor", ["7"])
    assert (within.before, within.after) == ({"goal": "$1 USD"}, {"goal": "$25 USD"})
    assert (within.actor, within.action, within.subject_key) == (ADA.name, "donor.noted", "7")
    assert without.after == {"goal": "2500 (minor units)"}


def test_no_campaign_is_read_for_entries_that_have_none(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        record(session, ADA, "donor.noted", Subject("donor", "7"))
    asked: list[str] = []
    event.listen(
        installation.engine, "before_cursor_execute", lambda *found: asked.append(str(found[2]))
    )
    with installation.sessions() as session:
        assert len(read_activity(session, "donor", ["7"])) == 1
    assert len(asked) == 1
