"""Change a campaign's status: open it early, pause it, resume it, or finalize its result.

Only `campaigns.extensions` changes the deadline. Every action here is safe to repeat: the second time changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import schedule
from campaign.campaigns.edit import notify_campaign_pages
from campaign.campaigns.finalization import freeze_result
from campaign.core import clock
from campaign.core.errors import StateRefused
from campaign.models import Campaign, CampaignState

LONGEST_REASON = 300

log = get_logger(__name__)


def open_now(session: Session, campaign: Campaign, actor: Actor) -> bool:
    """Open an upcoming campaign now; False if it is already open. Its first email becomes due at once."""
    schedule.lock_schedule(session, campaign.id)
    campaign = _locked(session, campaign)
    moment = clock.now()
    state = campaign.state(moment)
    if state == CampaignState.open:
        return False
    if state != CampaignState.upcoming:
        raise StateRefused(
            "The campaign has ended. To reopen it, extend its deadline with a public reason."
        )
    before = campaign.starts_at
    campaign.starts_at = moment
    session.flush()
    schedule.refresh_expiry(session, campaign)
    _record(
        session,
        campaign,
        actor,
        "campaign.opened",
        {"starts_at": before.isoformat()},
        {"starts_at": moment.isoformat()},
    )
    return True


def pause(session: Session, campaign: Campaign, reason: str, actor: Actor, at: datetime) -> bool:
    """Stop new card gifts until `resume`; False if the campaign is already paused for the same reason.

    Donors can finish payments they have started at Stripe, monthly gifts continue, and checks count. Campaign emails
    wait.
    """
    because = public_sentence(reason)
    campaign = _locked(session, campaign, gifts_wait=False)
    if not campaign.is_open(at):
        raise StateRefused("Only an open campaign can be paused.")
    if campaign.pause_reason == because:
        return False
    before = {"pause_reason": campaign.pause_reason} if campaign.paused_at else {}
    campaign.paused_at = campaign.paused_at or at
    campaign.pause_reason = because
    session.flush()
    _record(session, campaign, actor, "campaign.paused", before, {"pause_reason": because})
    return True


def resume(session: Session, campaign: Campaign, actor: Actor) -> bool:
    """Accept card gifts again; False if the campaign is not paused."""
    campaign = _locked(session, campaign, gifts_wait=False)
    if campaign.paused_at is None:
        return False
    before = {
        "paused_at": campaign.paused_at.isoformat(),
        "pause_reason": campaign.pause_reason,
    }
    campaign.paused_at = campaign.pause_reason = None
    session.flush()
    _record(session, campaign, actor, "campaign.resumed", before, {})
    return True


def finalize_now(session: Session, campaign: Campaign, actor: Actor, at: datetime) -> bool:
    """Freeze the result, as the scheduled job does; False if it is already frozen.

    Raises StateRefused before the grace period is over: the public page promises that mailed checks count until then.
    """
    if at < campaign.final_from:
        day = campaign.final_from.astimezone(campaign.zone)
        raise StateRefused(
            f"The public page promises that late gifts count until {day:%Y-%m-%d %H:%M}. Try again after that."
        )
    frozen = freeze_result(session, campaign.id, at)
    if frozen is None:
        return False
    _record(session, frozen, actor, "campaign.finalized", {}, {"final_raised": frozen.final_raised})
    return True


def public_sentence(reason: str) -> str:
    """Return a reason as one public sentence, without its period; raises StateRefused."""
    sentence = " ".join(reason.split()).rstrip(".")
    if not sentence:
        raise StateRefused("Enter a reason. It is public.")
    if len(sentence) > LONGEST_REASON or not sentence.isprintable():
        raise StateRefused(
            f"Enter the reason as one sentence of at most {LONGEST_REASON} characters, without control characters."
        )
    return sentence


def _locked(session: Session, campaign: Campaign, *, gifts_wait: bool = True) -> Campaign:
    lock = True if gifts_wait else {"key_share": True}
    return session.get_one(Campaign, campaign.id, populate_existing=True, with_for_update=lock)


def _record(
    session: Session,
    campaign: Campaign,
    actor: Actor,
    action: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    subject = Subject("campaign", campaign.slug, campaign.id)
    audit_log.record(session, actor, action, subject, before=before, after=after)
    notify_campaign_pages(session, campaign)
    log.info(action.replace(".", "_"), campaign=campaign.slug)
