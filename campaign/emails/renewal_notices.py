"""That a yearly gift is about to renew: queued once for each renewal, by the database."""

from datetime import datetime, timedelta

from sqlalchemy import Date, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.mailer.outbox import new_message_id
from campaign.models import Donation, Frequency, OutboxMessage, Subscription, SubscriptionState

RENEWAL_UPCOMING = "renewal_upcoming"
BEFORE = timedelta(days=14)


def queue_renewal_notices(session: Session, at: datetime, mail_domain: str, timezone: str) -> int:
    """Queue a notice for each yearly gift that renews within `BEFORE` and has none for that day; how many.

    The day is that of `timezone`, the organisation's. Two at once queue each notice once.
    """
    day = cast(func.timezone(timezone, Subscription.current_period_end), Date)
    first = (
        select(Donation.email, Donation.name, Donation.locale)
        .where(Donation.subscription_id == Subscription.id)
        .order_by(Donation.id)
        .limit(1)
        .lateral()
    )
    rows = (
        select(
            literal(RENEWAL_UPCOMING),
            func.concat(Subscription.id, ":", cast(day, Text)),
            Subscription.id,
            first.c.email,
            first.c.name,
            first.c.locale,
            new_message_id(RENEWAL_UPCOMING, mail_domain),
            literal("queued"),
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
    columns = ["kind", "subject_key", "subscription_id", "recipient", "name", "locale"]
    queued = session.scalars(
        insert(OutboxMessage)
        .from_select([*columns, "message_id", "state"], rows)
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
        .returning(OutboxMessage.id)
    )
    return len(queued.all())
