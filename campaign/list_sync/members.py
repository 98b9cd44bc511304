"""The rows of members: who is to be added, retagged, removed and erased at a service, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core.engine_keys import seal, unseal
from campaign.list_sync.people import (
    CAMPAIGN,
    DONOR,
    AddOutcome,
    Departure,
    RemoteMember,
    SubscriberProfile,
    TagChange,
)
from campaign.mailer.suppressions import suppress
from campaign.models import (
    Campaign,
    Donation,
    DonationState,
    Donor,
    ListMember,
    ListServiceName,
    Subscriber,
    Suppression,
    SuppressionReason,
)

SEALED = "sealed:"
"""How the address of an erased person begins. It is no address: it has no @."""
CHUNK = 1000
"""Subscribers read at once."""
TRY_AGAIN = timedelta(days=7)
"""An address that a service refused is offered again after this."""
_GAVE = (DonationState.paid.value, DonationState.partially_refunded.value)


@dataclass(frozen=True)
class WaitingMembers:
    """The next subscribers in the order of their ids: to be added, and with other tags. `last_id`: 0 at the end."""

    new: list[SubscriberProfile]
    changed: list[TagChange]
    last_id: int


def _suppressed(address: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return exists().where(Suppression.email == address, Suppression.campaign_id.is_(None))


def waiting_members(
    session: Session, service: ListServiceName, after_id: int, at: datetime
) -> WaitingMembers:
    """Return what up to CHUNK subscribers with an id above `after_id` lack at the service.

    Only people whose consent is on record and who are not suppressed for all campaigns; never who left there.
    """
    address = func.lower(Subscriber.email)
    slugs = (
        select(func.array_agg(aggregate_order_by(Campaign.slug.distinct(), Campaign.slug)))
        .select_from(Donation)
        .join(Donor, Donor.id == Donation.donor_id)
        .join(Campaign, Campaign.id == Donation.campaign_id)
        .where(Donor.email != "", func.lower(Donor.email) == address, Donation.state.in_(_GAVE))
        .scalar_subquery()
    )
    may_be_offered = or_(
        ListMember.id.is_(None),
        and_(
            ListMember.left_at.is_(None),
            ListMember.erase.is_(False),
            or_(ListMember.refused_at.is_(None), ListMember.refused_at < at - TRY_AGAIN),
        ),
    )
    rows = session.execute(
        select(Subscriber, ListMember, slugs.label("slugs"))
        .outerjoin(
            ListMember, and_(ListMember.service == service.value, ListMember.email == address)
        )
        .where(Subscriber.id > after_id, ~_suppressed(address), may_be_offered)
        .order_by(Subscriber.id)
        .limit(CHUNK)
    ).all()
    found = WaitingMembers([], [], rows[-1].Subscriber.id if len(rows) == CHUNK else 0)
    for subscriber, member, given in rows:
        tags = _tags(given or [])
        if member is None or member.pushed_at is None:
            found.new.append(
                SubscriberProfile(subscriber.email, subscriber.name, subscriber.locale, tags)
            )
        elif tuple(member.tags) != tags:
            before = tuple(member.tags)
            found.changed.append(TagChange(subscriber.email, member.remote_id, before, tags))
    return found


def _tags(slugs: Sequence[str]) -> tuple[str, ...]:
    return (DONOR, *(f"{CAMPAIGN}{slug}" for slug in slugs)) if slugs else ()


def record_added(
    session: Session,
    service: ListServiceName,
    people: Sequence[SubscriberProfile],
    outcome: AddOutcome,
    at: datetime,
) -> None:
    """Record what became of a batch of new members. Repeating it changes nothing."""
    for one in people:
        values: dict[str, object] = {"refused_at": at}
        if one.key in outcome.accepted:
            values = {
                "pushed_at": at,
                "refused_at": None,
                "tags": list(one.tags),
                "remote_id": outcome.accepted[one.key],
            }
        elif one.key not in outcome.refused:
            continue
        _save(session, service, one.key, values)


def record_tags(session: Session, service: ListServiceName, changes: Sequence[TagChange]) -> None:
    """Record the tags that members now have there."""
    for one in changes:
        session.execute(
            update(ListMember)
            .where(ListMember.service == service.value, ListMember.email == one.email.lower())
            .values(tags=list(one.after))
            .execution_options(synchronize_session=False)
        )


def record_departures(
    session: Session, service: ListServiceName, departures: Sequence[Departure], at: datetime
) -> int:
    """Suppress who left there, each departure once; return how many addresses are newly suppressed.

    Someone who agreed here after they left there stays subscribed here; they are never added there again.
    """
    return sum(_record_departure(session, service, one, at) for one in departures)


def _record_departure(
    session: Session, service: ListServiceName, departure: Departure, at: datetime
) -> bool:
    email = departure.email.strip().lower()
    if not email or not is_news(session, service, email):
        return False
    _save(session, service, email, {"left_at": at})
    if departure.reason is SuppressionReason.unsubscribed and departure.at is not None:
        agreed_later = exists().where(
            func.lower(Subscriber.email) == email, Subscriber.consent_at > departure.at
        )
        if session.scalar(select(agreed_later)):
            return False
    return suppress(session, email, departure.reason, detail=f"at {service.value}")


def is_news(session: Session, service: ListServiceName, email: str) -> bool:
    """Whether the departure of this address, in lower case, is not known yet."""
    known = exists().where(
        ListMember.service == service.value,
        ListMember.email == email,
        ListMember.left_at.is_not(None),
    )
    return not session.scalar(select(known))


def _save(
    session: Session, service: ListServiceName, email: str, values: dict[str, object]
) -> None:
    session.execute(
        insert(ListMember)
        .values(service=service.value, email=email, **values)
        .on_conflict_do_update(index_elements=["service", "email"], set_=values)
    )


def members_to_remove(
    session: Session, service: ListServiceName, limit: int
) -> Sequence[RemoteMember]:
    """Return members who are no longer subscribed here: suppressed for all campaigns, removed, or moved."""
    subscribed = exists().where(func.lower(Subscriber.email) == ListMember.email)
    rows = session.execute(
        select(ListMember.email, ListMember.remote_id)
        .where(
            ListMember.service == service.value,
            ListMember.pushed_at.is_not(None),
            ListMember.left_at.is_(None),
            ListMember.erase.is_(False),
            or_(~subscribed, _suppressed(ListMember.email)),
        )
        .order_by(ListMember.id)
        .limit(limit)
    )
    return [RemoteMember(*row) for row in rows]


def members_to_erase(
    session: Session, service: ListServiceName, limit: int
) -> Sequence[RemoteMember]:
    """Return erased people who are still known at the service. `sealed` is how their address is kept here."""
    rows = session.execute(
        select(ListMember.email, ListMember.remote_id)
        .where(ListMember.service == service.value, ListMember.erase)
        .order_by(ListMember.id)
        .limit(limit)
    )
    return [
        RemoteMember(_opened(session, email) or "", remote_id, sealed=email)
        for email, remote_id in rows
    ]


def _opened(session: Session, email: str) -> str | None:
    """Return the address of an erased person; None if it was sealed with a key that is no longer known."""
    return unseal(session, email.removeprefix(SEALED)) if email.startswith(SEALED) else email


def forget_rows(
    session: Session, service: ListServiceName, members: Sequence[RemoteMember]
) -> None:
    """Delete the rows of members who are gone there."""
    session.execute(
        delete(ListMember)
        .where(
            ListMember.service == service.value,
            ListMember.email.in_([one.sealed or one.email for one in members]),
        )
        .execution_options(synchronize_session=False)
    )


def forget_members(session: Session, addresses: Sequence[str]) -> None:
    """Have the next runs delete an erased person at every service that knows them.

    Until then the address, which the service has to be told, is kept sealed.
    """
    for row in session.scalars(
        select(ListMember).where(ListMember.email.in_(addresses)).with_for_update()
    ).all():
        row.email, row.tags, row.erase = SEALED + seal(session, row.email), [], True
    session.flush()
