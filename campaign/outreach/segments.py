"""The recipients of a scheduled email before exclusions. Used only by `outreach.countdown` and the counts.

Each segment has the columns email, name, locale and timezone. Each address occurs once, ignoring case.
"""

from sqlalchemy import Subquery, exists, func, literal, null, or_, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    OutboxMessage,
    OutboxState,
    PastGift,
    Subscriber,
)
from campaign.outreach import eligibility


def appeal_recipients(campaign: Campaign) -> Subquery:
    """Return subscribers and, if the campaign asks them, past donors. A subscriber's data takes precedence."""
    agreed = select(
        literal(0).label("place"),
        Subscriber.email,
        Subscriber.name,
        Subscriber.locale,
        Subscriber.timezone,
    )
    if not campaign.ask_past_donors:
        return agreed.subquery()
    gave_before = exists().where(
        Donation.donor_id == Donor.id,
        Donation.campaign_id != campaign.id,
        Donation.paid_at.is_not(None),
    )
    past = select(literal(1), Donor.email, Donor.name, Donor.locale, null()).where(
        Donor.email != "", gave_before
    )
    both = union_all(agreed, past).subquery()
    address = func.lower(both.c.email)
    return select(both).ext(distinct_on(address)).order_by(address, both.c.place).subquery()


def thank_you_recipients(campaign: Campaign) -> Subquery:
    """Return donors to the campaign with a gift that is not fully refunded. Nobody is mailed about a past gift."""
    gifts = select(Donation.donor_id).where(
        Donation.campaign_id == campaign.id,
        Donation.state.in_(eligibility.REMAINING_STATES),
        ~exists().where(PastGift.donation_id == Donation.id),
    )
    return (
        select(
            Donor.email,
            func.coalesce(func.nullif(Subscriber.name, ""), Donor.name).label("name"),
            func.coalesce(Subscriber.locale, Donor.locale).label("locale"),
            Subscriber.timezone,
        )
        .outerjoin(Subscriber, func.lower(Subscriber.email) == func.lower(Donor.email))
        .where(Donor.email != "", Donor.id.in_(gifts))
        .subquery()
    )


def wrap_up_recipients(campaign: Campaign) -> Subquery:
    """Return the people whom an appeal or an extension of this campaign reached, or may have reached.

    Addresses of reminders have been erased.
    """
    address = func.lower(OutboxMessage.recipient)
    return (
        select(
            OutboxMessage.recipient.label("email"),
            OutboxMessage.name,
            OutboxMessage.locale,
            OutboxMessage.timezone,
        )
        .where(
            OutboxMessage.campaign_id == campaign.id,
            OutboxMessage.kind.in_([EmailKind.appeal, EmailKind.extension]),
            or_(OutboxMessage.state == OutboxState.sent.value, OutboxMessage.begun_at.is_not(None)),
            OutboxMessage.recipient != "",
        )
        .ext(distinct_on(address))
        .order_by(address, OutboxMessage.id.desc())
        .subquery()
    )
