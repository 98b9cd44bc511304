"""What staff see as the name of a step: what its email says to readers, such as "2 days left". No queries.

A step due three days before midnight goes out when the calendar says two days left, and its email says so too; the
key of a step (`three_days`) says when it is due, until somebody edits that.
"""

from datetime import timedelta

from campaign.campaigns import schedule
from campaign.core import clock
from campaign.models import Campaign, CampaignStep, StepBasis

_DAY = timedelta(days=1)


def step_name(campaign: Campaign, step: CampaignStep) -> str:
    """Return the name of a step of this campaign, in English."""
    if step.basis == StepBasis.opening:
        return "Opening"
    if step.basis == StepBasis.after_end:
        return "Thanks and result"
    due = schedule.due_at(campaign, step)
    if campaign.deadline - due <= _DAY:
        return "Last day" if campaign.deadline - due == _DAY else "Last hours"
    left = max(1, clock.days_left(campaign.deadline, campaign.zone, due))
    return f"{left} day left" if left == 1 else f"{left} days left"
