"""What staff change in a campaign's countdown: when a step is due, until when, whether at all, and its words."""

import re
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.errors import StepInvalid
from campaign.models import Campaign, CampaignStep, OutboxMessage, StepAnchor
from campaign.services import steps
from campaign.words import languages

MOST_DAYS = 366
MOST_HOURS = 24 * MOST_DAYS
LONGEST_SUBJECT = 150
LONGEST_OPENING = 5000
NO_EXPIRY = 0

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_COUNTED = (StepAnchor.days_before, StepAnchor.hours_before)


@dataclass(frozen=True)
class StepChange:
    """What is to change; None leaves it as it is.

    `days` or `hours` before the end. `expires` is in hours from when the step is due; NO_EXPIRY takes that away.
    `subject` and `opening` are the words of `locale`; '' goes back to the usual ones.
    """

    days: int | None = None
    hours: int | None = None
    expires: int | None = None
    enabled: bool | None = None
    locale: str = "en"
    subject: str | None = None
    opening: str | None = None


@dataclass(frozen=True)
class Counts:
    """The letters of one step: waiting or under way, sent, dropped when their turn came, failed."""

    waiting: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0


def find_step(session: Session, campaign: Campaign, key: str) -> CampaignStep:
    """The step called `key`; raises StepInvalid."""
    every = {step.key: step for step in steps.steps_of(session, campaign.id)}
    if key not in every:
        raise StepInvalid(f"{campaign.slug} has no step {key!r}; it has {', '.join(every)}.")
    return every[key]


def change_step(session: Session, campaign: Campaign, key: str, change: StepChange) -> CampaignStep:
    """Apply `change`; letters that are queued follow. Raises StepInvalid."""
    steps.lock_countdown(session, campaign.id)
    campaign = session.get_one(Campaign, campaign.id, populate_existing=True)
    step = find_step(session, campaign, key)
    if change.days is not None or change.hours is not None:
        if step.anchor not in _COUNTED:
            raise StepInvalid(f"{key} is due by itself, at the campaign's opening or at its end.")
        step.anchor, step.offset = _moment(change)
    if change.expires is not None:
        step.expires_after = _expiry(step, change.expires)
    if change.enabled is not None:
        step.enabled = change.enabled
    step.texts = _texts(step, change)
    session.flush()
    steps.refresh_expiry(session, campaign)
    return step


def add_step(session: Session, campaign: Campaign, key: str, change: StepChange) -> CampaignStep:
    """One more step of this campaign, counted back from its end. Raises StepInvalid."""
    if not _KEY.match(key) or len(key) > 40:
        raise StepInvalid(f"{key!r} is no name for a step; write it like five_days.")
    steps.lock_countdown(session, campaign.id)
    anchor, offset = _moment(change)
    added = session.scalar(
        insert(CampaignStep)
        .values(campaign_id=campaign.id, key=key, anchor=anchor, offset=offset)
        .on_conflict_do_nothing(index_elements=["campaign_id", "key"])
        .returning(CampaignStep.id)
    )
    if added is None:
        raise StepInvalid(f"{campaign.slug} has a step {key!r} already; edit that one.")
    rest = StepChange(
        expires=change.expires,
        enabled=change.enabled,
        locale=change.locale,
        subject=change.subject,
        opening=change.opening,
    )
    return change_step(session, campaign, key, rest)


def _moment(change: StepChange) -> tuple[str, int]:
    """Anchor and offset."""
    if (change.days is None) == (change.hours is None):
        raise StepInvalid("Give either days or hours before the end.")
    anchor, offset, most = (
        (StepAnchor.days_before, change.days, MOST_DAYS)
        if change.days is not None
        else (StepAnchor.hours_before, change.hours, MOST_HOURS)
    )
    if offset is None or not 1 <= offset <= most:
        raise StepInvalid(f"A step is due between 1 and {most} before the end.")
    return anchor.value, offset


def _expiry(step: CampaignStep, hours: int) -> int | None:
    if hours == NO_EXPIRY:
        if step.anchor == StepAnchor.after_end:
            raise StepInvalid(f"{step.key} has no other end than its expiry; give it in hours.")
        return None
    if not 1 <= hours <= MOST_HOURS:
        raise StepInvalid(f"A step expires between 1 and {MOST_HOURS} hours after it is due.")
    return hours


def _texts(step: CampaignStep, change: StepChange) -> dict[str, dict[str, str]]:
    texts = {locale: dict(words) for locale, words in step.texts.items()}
    told = {"subject": _subject(change.subject), "opening": _opening(change.opening)}
    changed = {part: text for part, text in told.items() if text is not None}
    if changed:
        if change.locale not in languages():
            raise StepInvalid(
                f"Letters are written in {', '.join(languages())}, not in {change.locale!r}."
            )
        words = texts.get(change.locale, {}) | changed
        texts[change.locale] = {part: text for part, text in words.items() if text}
    return {locale: words for locale, words in texts.items() if words}


def _subject(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_SUBJECT or not text.isprintable():
        raise StepInvalid(f"A subject is one line of at most {LONGEST_SUBJECT} characters.")
    return text.strip()


def _opening(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_OPENING or "\0" in text:
        raise StepInvalid(f"An opening is plain text of at most {LONGEST_OPENING} characters.")
    return text.strip()


def letter_counts(session: Session, campaign: Campaign) -> dict[int, Counts]:
    """How many letters each step has, by the step's id."""
    state = OutboxMessage.state
    rows = session.execute(
        select(
            OutboxMessage.step_id,
            func.count().filter(state.in_(["queued", "sending"])),
            func.count().filter(state == "sent"),
            func.count().filter(state == "dropped"),
            func.count().filter(state == "failed"),
        )
        .where(OutboxMessage.campaign_id == campaign.id, OutboxMessage.step_id.is_not(None))
        .group_by(OutboxMessage.step_id)
    )
    return {row[0]: Counts(*row[1:]) for row in rows if row[0] is not None}
