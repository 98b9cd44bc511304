"""A campaign's texts and sums, as staff edit them: read, checked, and refused where someone else was faster.

Each field has a mark of its own in the form's `version`, so that two people who change different things do not stop
each other, and what one changed is told to the other before it is overwritten.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import form_parsing
from campaign.campaigns.form_parsing import FieldReader
from campaign.campaigns.progress import read_progress
from campaign.core import clock, money
from campaign.core.errors import CampaignInvalid, ChangedMeanwhile
from campaign.models import Campaign, CampaignState, LedgerEntry, MatchingGift


@dataclass(frozen=True)
class CampaignFields:
    """The fields as people type them: amounts in major units, the start on the campaign's wall clock."""

    title: str
    appeal: str
    suggested: str
    smallest: str
    goal: str
    stretch_goal: str
    designation: str
    starts: str
    ask_past_donors: bool


_COLUMNS = {
    "title": "title",
    "appeal": "appeal",
    "suggested": "suggested_amounts",
    "smallest": "smallest_amount",
    "goal": "goal",
    "stretch_goal": "stretch_goal",
    "designation": "designation",
    "starts": "starts_at",
    "ask_past_donors": "ask_past_donors",
}


def fields_of(campaign: Campaign) -> CampaignFields:
    """The campaign as the form first shows it."""
    currency = campaign.currency
    return CampaignFields(
        title=campaign.title,
        appeal=campaign.appeal,
        suggested=" ".join(money.plain_amount(one, currency) for one in campaign.suggested_amounts),
        smallest=money.plain_amount(campaign.smallest_amount, currency),
        goal=money.plain_amount(campaign.goal, currency),
        stretch_goal=(
            money.plain_amount(campaign.stretch_goal, currency) if campaign.stretch_goal else ""
        ),
        designation=campaign.designation,
        starts=form_parsing.local_text(campaign.starts_at, campaign.zone),
        ask_past_donors=campaign.ask_past_donors,
    )


def version(campaign: Campaign) -> str:
    """A mark for each field, in the form's order."""
    return "-".join(_mark(value) for value in asdict(fields_of(campaign)).values())


def _mark(value: object) -> str:
    return blake2b(str(value).encode(), digest_size=6).hexdigest()


def edit_campaign(
    session: Session,
    campaign: Campaign,
    typed: CampaignFields,
    seen: str,
    actor: Actor,
    at: datetime,
) -> list[str]:
    """Keep what was typed; the names of the fields that changed by it. `seen` is the form's `version`.

    Raises FieldsInvalid with each fault, ChangedMeanwhile where a field that differs was saved by someone else since.
    The row is locked without holding gifts up.
    """
    campaign = session.get_one(
        Campaign, campaign.id, populate_existing=True, with_for_update={"key_share": True}
    )
    values = _read(session, campaign, typed, at)
    changed = [
        name for name, column in _COLUMNS.items() if values[name] != getattr(campaign, column)
    ]
    _refuse_overwriting(campaign, changed, seen)
    if not changed:
        return []
    before = {name: _kept(getattr(campaign, _COLUMNS[name])) for name in changed}
    for name in changed:
        setattr(campaign, _COLUMNS[name], values[name])
    session.flush()
    audit_log.record(
        session,
        actor,
        "campaign.edited",
        Subject("campaign", campaign.slug, campaign.id),
        before=before,
        after={name: _kept(values[name]) for name in changed},
    )
    notify_campaign_pages(session, campaign)
    return changed


def notify_campaign_pages(session: Session, campaign: Campaign) -> None:
    """Let every web process read the campaign again once this is committed."""
    session.execute(select(func.pg_notify("progress", str(campaign.id))))


def _refuse_overwriting(campaign: Campaign, changed: list[str], seen: str) -> None:
    present = asdict(fields_of(campaign))
    marks = seen.split("-")
    names = [field.name for field in fields(CampaignFields)]
    known = dict(zip(names, marks, strict=True)) if len(marks) == len(names) else {}
    theirs = {
        name: str(present[name]) for name in changed if _mark(present[name]) != known.get(name)
    }
    if theirs:
        raise ChangedMeanwhile(theirs)


def _kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(
    session: Session, campaign: Campaign, typed: CampaignFields, at: datetime
) -> dict[str, Any]:
    reader, currency = FieldReader(), campaign.currency
    smallest = reader.read(
        "smallest", lambda: form_parsing.parse_smallest_amount(typed.smallest, currency)
    )
    goal = reader.read("goal", lambda: money.parse_amount(typed.goal, currency))
    values = {
        "title": reader.read(
            "title",
            lambda: form_parsing.one_line(typed.title, form_parsing.LONGEST_TITLE, "a title"),
        ),
        "appeal": reader.read("appeal", lambda: form_parsing.clean_markdown(typed.appeal)),
        "suggested": reader.read(
            "suggested",
            lambda: form_parsing.parse_suggested_amounts(typed.suggested, currency, smallest),
        ),
        "smallest": smallest,
        "goal": goal,
        "stretch_goal": reader.read(
            "stretch_goal",
            lambda: form_parsing.parse_stretch_goal(typed.stretch_goal, currency, goal),
        ),
        "designation": reader.read(
            "designation",
            lambda: form_parsing.one_line(
                typed.designation, form_parsing.MAX_DESIGNATION_LENGTH, "a fund"
            ),
        ),
        "starts": reader.read("starts", lambda: _start(session, campaign, typed.starts, at)),
        "ask_past_donors": typed.ask_past_donors,
    }
    reader.check()
    if values["appeal"] == form_parsing.clean_markdown(campaign.appeal):
        values["appeal"] = campaign.appeal
    _check_goals(session, campaign, reader, values, at)
    reader.check()
    return values


def _start(session: Session, campaign: Campaign, text: str, at: datetime) -> datetime:
    """Only while it lies ahead; a field that was not touched is no change."""
    if (
        text.strip() == form_parsing.local_text(campaign.starts_at, campaign.zone)
        or not text.strip()
    ):
        return campaign.starts_at
    if campaign.state(at) != CampaignState.upcoming:
        raise CampaignInvalid("The campaign has begun: its start stands.")
    start = clock.parse_start(text, campaign.zone)
    if not at < start < campaign.deadline:
        raise CampaignInvalid("The start must be still to come, and before the deadline.")
    earlier = exists().where(
        MatchingGift.campaign_id == campaign.id, MatchingGift.starts_at < start
    )
    if session.scalar(select(earlier)):
        raise CampaignInvalid("A sponsor’s window begins before that; end it first.")
    return start


def _check_goals(
    session: Session, campaign: Campaign, reader: FieldReader, values: dict[str, Any], at: datetime
) -> None:
    """A goal stands from the first gift on, and a stretch goal that readers have been told of only grows."""
    stretch, asked = values["stretch_goal"], campaign.stretch_goal
    if values["goal"] != campaign.goal:
        given = exists().where(LedgerEntry.campaign_id == campaign.id)
        reader.require(
            "goal",
            not session.scalar(select(given)),
            "People have given toward this goal, so it stands. Ask for more by a stretch goal.",
        )
    if stretch != asked and asked and read_progress(session, campaign, at).raised >= campaign.goal:
        reader.require(
            "stretch_goal",
            stretch is not None and stretch > asked,
            "Readers are asked for this stretch goal now, so it can only be raised.",
        )
