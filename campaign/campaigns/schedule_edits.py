"""Edit a campaign's email schedule: when a step is due and expires, whether it is enabled, and its texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import schedule
from campaign.core.errors import NotFound, StepInvalid
from campaign.core.i18n import languages
from campaign.models import Campaign, CampaignStep, OutboxMessage, StepBasis

LONGEST_SUBJECT = 150
LONGEST_OPENING = 5000


def changed_texts(
    texts: Mapping[str, Any], locale: str, subject: str | None, opening: str | None
) -> dict[str, dict[str, str]]:
    """Return `texts` with the given texts set for `locale`; '' restores the default. Raises StepInvalid."""
    kept = {name: dict(words) for name, words in texts.items()}
    given = {"subject": _subject(subject), "opening": _opening(opening)}
    changed = {part: text for part, text in given.items() if text is not None}
    if changed:
        if locale not in languages():
            raise StepInvalid(
                f"Emails are available in {', '.join(languages())}, not in {locale!r}."
            )
        words = kept.get(locale, {}) | changed
        kept[locale] = {part: text for part, text in words.items() if text}
    return {name: words for name, words in kept.items() if words}


def _subject(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_SUBJECT or not text.isprintable():
        raise StepInvalid(
            f"A subject is one line of at most {LONGEST_SUBJECT} characters.", "subject"
        )
    return text.strip()


def _opening(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_OPENING or "\0" in text:
        raise StepInvalid(
            f"An opening is plain text of at most {LONGEST_OPENING} characters.", "opening"
        )
    return text.strip()


MOST_DAYS = 366
MOST_HOURS = 24 * MOST_DAYS
NO_EXPIRY = 0

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_COUNTED = (StepBasis.days_before, StepBasis.hours_before)


@dataclass(frozen=True)
class StepChange:
    """A change to a step; None leaves a value as it is.

    `days` or `hours` are before the end. `expires` is in hours after the step is due; NO_EXPIRY removes the expiry.
    `subject` and `opening` are the texts for `locale`; '' restores the default.
    """

    days: int | None = None
    hours: int | None = None
    expires: int | None = None
    enabled: bool | None = None
    locale: str = "en"
    subject: str | None = None
    opening: str | None = None


def find_step(session: Session, campaign: Campaign, key: str) -> CampaignStep:
    """Return the step `key`; raises StepInvalid."""
    every = {step.key: step for step in schedule.list_steps(session, campaign.id)}
    if key not in every:
        raise StepInvalid(f"{campaign.slug} has no step {key!r}; its steps are {', '.join(every)}.")
    return every[key]


def find_known_step(session: Session, campaign: Campaign, key: str) -> CampaignStep:
    """Return the step `key` from an address; raises NotFound."""
    try:
        return find_step(session, campaign, key)
    except StepInvalid as error:
        raise NotFound(str(error)) from error


def change_step(
    session: Session,
    campaign: Campaign,
    key: str,
    change: StepChange,
    actor: Actor | None = None,
) -> CampaignStep:
    """Apply `change` and update queued emails to match. Without an `actor`, the command line is the actor.

    Raises StepInvalid.
    """
    schedule.lock_schedule(session, campaign.id)
    campaign = session.get_one(Campaign, campaign.id, populate_existing=True)
    step = find_step(session, campaign, key)
    before = _facts(step)
    _apply(step, change)
    session.flush()
    _record(session, campaign, key, "step.changed", before, _facts(step), actor)
    schedule.refresh_expiry(session, campaign)
    return step


def apply_to_copy(step: CampaignStep, change: StepChange) -> CampaignStep:
    """Return a copy of the step with `change` applied, for a preview; it is in no session. Raises StepInvalid."""
    copy = CampaignStep(
        id=step.id,
        campaign_id=step.campaign_id,
        key=step.key,
        basis=step.basis,
        offset=step.offset,
        expires_after=step.expires_after,
        enabled=step.enabled,
        texts=step.texts,
    )
    _apply(copy, change)
    return copy


def _apply(step: CampaignStep, change: StepChange) -> None:
    key = step.key
    if change.days is not None or change.hours is not None:
        if step.basis not in _COUNTED:
            raise StepInvalid(
                f"{key} is always due at the campaign's opening or end, so its time cannot change.",
                "before",
            )
        step.basis, step.offset = _moment(change)
    if change.expires is not None:
        step.expires_after = _expiry(step, change.expires)
    if change.enabled is not None:
        step.enabled = change.enabled
    step.texts = changed_texts(step.texts, change.locale, change.subject, change.opening)


def add_step(
    session: Session,
    campaign: Campaign,
    key: str,
    change: StepChange,
    actor: Actor | None = None,
) -> CampaignStep:
    """Add a step to this campaign, timed before its end. Raises StepInvalid."""
    if not _KEY.match(key) or len(key) > 40:
        raise StepInvalid(f"{key!r} is not a valid step name; write it like five_days.")
    schedule.lock_schedule(session, campaign.id)
    basis, offset = _moment(change)
    added = session.scalar(
        insert(CampaignStep)
        .values(campaign_id=campaign.id, key=key, basis=basis, offset=offset)
        .on_conflict_do_nothing(index_elements=["campaign_id", "key"])
        .returning(CampaignStep.id)
    )
    if added is None:
        raise StepInvalid(f"{campaign.slug} already has a step {key!r}; edit that one.")
    rest = StepChange(
        expires=change.expires,
        enabled=change.enabled,
        locale=change.locale,
        subject=change.subject,
        opening=change.opening,
    )
    step = find_step(session, campaign, key)
    _apply(step, rest)
    session.flush()
    _record(session, campaign, key, "step.added", {}, _facts(step), actor)
    schedule.refresh_expiry(session, campaign)
    return step


def remove_step(session: Session, campaign: Campaign, key: str, actor: Actor | None = None) -> None:
    """Remove a step that staff added and that has no emails yet. Removing it again is not an error.

    Raises StepInvalid for other steps; those can only be disabled.
    """
    if is_default(key):
        raise StepInvalid(f"{key} belongs to every campaign. Turn it off instead.")
    schedule.lock_schedule(session, campaign.id)
    step = next((one for one in schedule.list_steps(session, campaign.id) if one.key == key), None)
    if step is None:
        return
    emails = select(OutboxMessage.id).where(OutboxMessage.step_id == step.id).limit(1)
    if session.scalar(emails) is not None:
        raise StepInvalid(
            f"{key} already has emails, and their records must be kept. Turn it off instead."
        )
    _record(session, campaign, key, "step.removed", _facts(step), {}, actor)
    session.delete(step)
    session.flush()
    schedule.refresh_expiry(session, campaign)


def is_default(key: str) -> bool:
    """Whether every campaign has this step."""
    return any(step.key == key for step in schedule.DEFAULTS)


def _facts(step: CampaignStep) -> dict[str, object]:
    return {
        "basis": step.basis,
        "offset": step.offset,
        "expires_after": step.expires_after,
        "enabled": step.enabled,
        "texts": step.texts,
    }


def _record(
    session: Session,
    campaign: Campaign,
    key: str,
    action: str,
    before: dict[str, object],
    after: dict[str, object],
    actor: Actor | None,
) -> None:
    """Record the values that differ, if any, in the audit log."""
    differs = [name for name in before | after if before.get(name) != after.get(name)]
    if differs:
        audit_log.record(
            session,
            actor or Actor.command_line(),
            action,
            Subject("step", f"{campaign.slug}/{key}", campaign.id),
            before={name: before[name] for name in differs if name in before},
            after={name: after[name] for name in differs if name in after},
        )


def _moment(change: StepChange) -> tuple[str, int]:
    """Return the basis and the offset of the new time."""
    if (change.days is None) == (change.hours is None):
        raise StepInvalid("Enter either days or hours before the end.", "before")
    basis, offset, most, unit = (
        (StepBasis.days_before, change.days, MOST_DAYS, "days")
        if change.days is not None
        else (StepBasis.hours_before, change.hours, MOST_HOURS, "hours")
    )
    if offset is None or not 1 <= offset <= most:
        raise StepInvalid(f"A step is due from 1 to {most} {unit} before the end.", "before")
    return basis.value, offset


def _expiry(step: CampaignStep, hours: int) -> int | None:
    if hours == NO_EXPIRY:
        if step.basis == StepBasis.after_end:
            raise StepInvalid(
                f"{step.key} ends only when it expires, so enter an expiry in hours.", "expires"
            )
        return None
    if not 1 <= hours <= MOST_HOURS:
        raise StepInvalid(f"Enter an expiry from 1 to {MOST_HOURS} hours.", "expires")
    return hours
