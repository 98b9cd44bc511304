"""Subscribers by their giving: gave before, monthly, lapsed, never.

Each segment is about the person with an address: gifts under a record that staff merged with theirs count too. A gift
is dated by its charge, or the postmark of a check. Gifts that are promised but not paid do not count yet.

- `gave`: a gift of theirs arrived, and was neither refunded in full nor lost in a dispute; or a monthly or yearly gift
  of theirs is running.
- `monthly`: a monthly gift of theirs is running: active, paused or with a payment overdue. It has not ended.
  A gift that another system still charges, by an imported list, counts as running.
- `lapsed`: they gave, but not in the last 365 days, and no monthly or yearly gift of theirs is running.
- `never`: everyone else. `gave` and `never` together are all subscribers; `monthly` and `lapsed` are parts of `gave`.

Finding the gifts of a million addresses takes seconds, so each subscriber keeps a `giving`, which the job
`segment-subscribers` updates.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from campaign.models import (
    Donation,
    DonationState,
    Donor,
    Frequency,
    GiftElsewhere,
    Giving,
    Subscriber,
    Subscription,
    SubscriptionState,
)

LAPSED_AFTER = timedelta(days=365)
"""Someone whose last gift is older than this has lapsed."""

KEPT_STATES = (
    DonationState.paid.value,
    DonationState.partially_refunded.value,
    DonationState.disputed.value,
)
"""States of gifts that arrived and of which something remains, or is not decided yet."""


class GivingSegment(StrEnum):
    """A part of the subscribers, by what they gave."""

    gave = "gave"
    monthly = "monthly"
    lapsed = "lapsed"
    never = "never"


DEFINITIONS: Mapping[GivingSegment, str] = {
    GivingSegment.gave: "A gift arrived and was neither refunded in full nor lost in a dispute, or a monthly or yearly"
    " gift is running.",
    GivingSegment.monthly: "A monthly gift is running: active, paused or with a payment overdue, or still charged by"
    " the system that it was imported from.",
    GivingSegment.lapsed: "Gave, but not in the last 365 days, and no monthly or yearly gift is running.",
    GivingSegment.never: "No gift has arrived, and no monthly or yearly gift is running.",
}
"""Each segment in a sentence for staff. Merged donor records count as one person in all of them."""

_EXCEPT_GAVE = {
    GivingSegment.monthly: Giving.monthly,
    GivingSegment.lapsed: Giving.lapsed,
    GivingSegment.never: Giving.never,
}


def in_segment(segment: GivingSegment, giving: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a subscriber with this `giving` is in `segment`."""
    if segment is GivingSegment.gave:
        return giving != Giving.never.value
    return giving == _EXCEPT_GAVE[segment].value


def count_segments(session: Session) -> dict[GivingSegment, int]:
    """Return the number of subscribers in each segment, as of the last update."""
    rows = session.execute(
        select(Subscriber.giving, func.count().label("number")).group_by(Subscriber.giving)
    )
    found: dict[str, int] = {row.giving: row.number for row in rows}
    counts = {one: found.get(giving.value, 0) for one, giving in _EXCEPT_GAVE.items()}
    gave = sum(number for giving, number in found.items() if giving != Giving.never)
    return {GivingSegment.gave: gave, **counts}


def update_segments(session: Session, at: datetime) -> int:
    """Bring the `giving` of all subscribers up to date; return how many changed. Seconds for a million of them."""
    found = _giving_now(at).subquery()
    changed = session.execute(
        update(Subscriber)
        .where(Subscriber.id == found.c.id, Subscriber.giving != found.c.giving)
        .values(giving=found.c.giving)
        .returning(Subscriber.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


def giving_of(session: Session, subscriber: Subscriber, at: datetime) -> Giving:
    """Return how this subscriber gives at `at`, from the gifts themselves."""
    row = session.execute(_giving_now(at, subscriber)).one()
    return Giving(row.giving)


def _giving_now(at: datetime, only: Subscriber | None = None) -> Select[int, str]:
    """Return the query for id and giving of all subscribers, or of one."""
    records = _records(only.email.lower() if only else None)
    last = (
        select(records.c.address, func.max(Donation.charged_at).label("gave_at"))
        .join(Donation, Donation.donor_id == records.c.donor_id)
        .where(Donation.state.in_(KEPT_STATES))
        .group_by(records.c.address)
        .subquery("last")
    )
    going_on = _going_on()
    running = (
        select(
            records.c.address,
            func.bool_or(going_on.c.frequency == Frequency.monthly.value).label("monthly"),
        )
        .join(going_on, going_on.c.donor_id == records.c.donor_id)
        .group_by(records.c.address)
        .subquery("running")
    )
    giving = case(
        (running.c.monthly, Giving.monthly.value),
        (running.c.address.is_not(None), Giving.recent.value),
        (last.c.gave_at > at - LAPSED_AFTER, Giving.recent.value),
        (last.c.address.is_not(None), Giving.lapsed.value),
        else_=Giving.never.value,
    )
    address = func.lower(Subscriber.email)
    query = (
        select(Subscriber.id, giving.label("giving"))
        .outerjoin(last, last.c.address == address)
        .outerjoin(running, running.c.address == address)
    )
    return query.where(Subscriber.id == only.id) if only else query


def _going_on() -> Subquery:
    """Return donor and frequency of each monthly and yearly gift that has not ended, here or in another system."""
    here = select(Subscription.donor_id, Subscription.frequency).where(
        Subscription.state != SubscriptionState.ended.value
    )
    elsewhere = select(GiftElsewhere.donor_id, GiftElsewhere.frequency).where(
        GiftElsewhere.ended_at.is_(None), GiftElsewhere.frequency != Frequency.one_time.value
    )
    return union_all(here, elsewhere).subquery("going_on")


def _records(address: str | None) -> Subquery:
    """Return the pairs of an address (lowercase) and a donor record of its person: their own, and those merged with it.

    Each way to be merged is a part of its own, so that the planner reads only the few merged records.
    """
    known, other = aliased(Donor), aliased(Donor)
    own = select(func.lower(Donor.email).label("address"), Donor.id.label("donor_id"))
    ways = (
        other.merged_into_id == known.id,
        known.merged_into_id == other.id,
        and_(known.merged_into_id == other.merged_into_id, known.id != other.id),
    )
    parts = [
        own.where(Donor.email != ""),
        *(
            select(func.lower(known.email), other.id).join(other, way).where(known.email != "")
            for way in ways
        ),
    ]
    if address is not None:
        mine = [func.lower(Donor.email) == address, *[func.lower(known.email) == address] * 3]
        parts = [part.where(one) for part, one in zip(parts, mine, strict=True)]
    return union_all(*parts).subquery("records")
