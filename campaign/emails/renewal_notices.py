"""Queue the notice that a yearly gift is about to renew. The database ensures one notice for each renewal."""

from datetime import datetime, timedelta

from sqlalchemy import Date, Text, cast, func, select
from sqlalchemy.orm import Session

from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import queue_from_select
from campaign.models import Donation, Frequency, Subscription, SubscriptionState

BEFORE = timedelta(days=14)


def queue_renewal_notices(session: Session, at: datetime, mail_domain: str, timezone: str) -> int:
    """Queue a notice for each yearly gift that renews within `BEFORE` and has none for that date; return how many.

    The date is in `timezone`, the organization's. Concurrent calls queue each notice once.
    """
    day = cast(func.timezone(timezone, Subscription.current_period_end), Date)
    first = (
        select(Donation.email, Donation.name, Donation.locale)
        .where(Donation.subscription_id == Subscription.id)
        .order_by(Donation.id)
        .limit(1)
        .lateral()
    )
    emails = (
        select(
            func.concat(Subscription.id, ":", cast(day, Text)).label("subject_key"),
            Subscription.id.label("subscription_id"),
            first.c.email.label("recipient"),
            first.c.name,
            first.c.locale,
        )
        .select_from(Subscription)
        .join(first, first.c.email != "")
        .where(
            Subscription.frequency == Frequency.yearly.value,
            Subscription.state == SubscriptionState.active.value,
            ~Subscription.ends_at_period_end,
            Subscription.current_period_end > at,
            Subscription.current_period_end <= at + BEFORE,
        )
        .order_by(Subscription.id)
    )
    return queue_from_select(session, EmailKind.renewal_upcoming, emails, mail_domain)
