"""Edit a campaign's texts and amounts: parse, check, and reject the edit if someone else changed the same field.

The form's `version` has a separate mark for each field, so that two people can change different fields, and nobody
overwrites another person's change without seeing it.
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
    """The fields as typed: amounts in major units, the start in the campaign's local time."""

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
    """Return the form's initial values for a campaign."""
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
    """Return a mark (a short hash) for each field, in the form's order."""
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
    """Save the form and return the names of the changed fields. `seen` is the form's `version`.

    Raises FieldsInvalid with all errors, and ChangedMeanwhile if someone else has since saved one of those fields.
    The lock on the row does not block gifts.
    """
    campaign = session.get_one(
        Campaign, campaign.id, populate_existing=True, with_for_update={"key_share": True}
    )
    values = _read(session, campaign, typed, at)
    changed = [
        name for name, column in _COLUMNS.items() if values[name] != getattr(campaign, column)
    ]
    _reject_overwriting(campaign, changed, seen)
    if not changed:
        return []
    before = {name: _jsonable(getattr(campaign, _COLUMNS[name])) for name in changed}
    for name in changed:
        setattr(campaign, _COLUMNS[name], values[name])
    session.flush()
    audit_log.record(
        session,
        actor,
        "campaign.edited",
        Subject("campaign", campaign.slug, campaign.id),
        before=before,
        after={name: _jsonable(values[name]) for name in changed},
    )
    notify_campaign_pages(session, campaign)
    return changed


def notify_campaign_pages(session: Session, campaign: Campaign) -> None:
    """Notify every web process to read the campaign again once this is committed."""
    session.execute(select(func.pg_notify("progress", str(campaign.id))))


def _reject_overwriting(campaign: Campaign, changed: list[str], seen: str) -> None:
    present = asdict(fields_of(campaign))
    marks = seen.split("-")
    names = [field.name for field in fields(CampaignFields)]
    known = dict(zip(names, marks, strict=True)) if len(marks) == len(names) else {}
    theirs = {
        name: str(present[name]) for name in changed if _mark(present[name]) != known.get(name)
    }
    if theirs:
        raise ChangedMeanwhile(theirs)


def _jsonable(value: Any) -> Any:
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
                typed.designation, form_parsing.MAX_DESIGNATION_LENGTH, "a designation"
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
    """Parse the start, which can change only until the campaign begins; an unchanged field is always valid."""
    if (
        text.strip() == form_parsing.local_text(campaign.starts_at, campaign.zone)
        or not text.strip()
    ):
        return campaign.starts_at
    if campaign.state(at) != CampaignState.upcoming:
        raise CampaignInvalid("The campaign has already begun, so its start cannot change.")
    start = clock.parse_start(text, campaign.zone)
    if not at < start < campaign.deadline:
        raise CampaignInvalid("The start must be in the future and before the deadline.")
    earlier = exists().where(
        MatchingGift.campaign_id == campaign.id, MatchingGift.starts_at < start
    )
    if session.scalar(select(earlier)):
        raise CampaignInvalid("A matching gift begins before that. End the matching gift first.")
    return start


def _check_goals(
    session: Session, campaign: Campaign, reader: FieldReader, values: dict[str, Any], at: datetime
) -> None:
    """Reject a new goal after the first gift, and a lower stretch goal once readers have seen it."""
    stretch, asked = values["stretch_goal"], campaign.stretch_goal
    if values["goal"] != campaign.goal:
        given = exists().where(LedgerEntry.campaign_id == campaign.id)
        reader.require(
            "goal",
            not session.scalar(select(given)),
            "People have already given toward this goal, so it cannot change. Set a stretch goal instead.",
        )
    if stretch != asked and asked and read_progress(session, campaign, at).raised >= campaign.goal:
        reader.require(
            "stretch_goal",
            stretch is not None and stretch > asked,
            "Readers already see this stretch goal, so you can only raise it.",
        )
