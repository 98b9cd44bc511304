"""Erase again whom a restored backup brought back: the people on the list who were erased after it was made.

Stripe's events of that time, and gifts that are created again from Stripe, name them too: `erase_restored` runs for a
while after a restore, and `donations.recreated` leaves the names of such gifts out.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.engine_keys import address_digests
from campaign.models import (
    Donation,
    Donor,
    ErasedPerson,
    ListMember,
    OutboxMessage,
    Reminder,
    Subscriber,
    TributeCard,
)
from campaign.privacy.erased_people import ErasureEntry
from campaign.privacy.erasure import erase_person
from campaign.privacy.event_redaction import find_events_of_erased, redact_events
from campaign.privacy.personal_data_export import DataSubject, data_subject_of

APPLIED_FOR = timedelta(days=60)
"""How long after a restore: Stripe hands out events of the last 30 days, and staff may recover later."""

_ADDRESSES = (
    Donor.email,
    Donation.email,
    Subscriber.email,
    Reminder.email,
    TributeCard.email,
    ListMember.email,
    OutboxMessage.recipient,
)


def bring_in(
    session: Session, entries: Sequence[ErasureEntry], made_at: datetime, at: datetime
) -> int:
    """Add the erasures after `made_at`, when the restored backup was made; return how many are new."""
    rows = [
        asdict(one) | {"erased_at": datetime.fromisoformat(one.erased_at), "restored_at": at}
        for one in entries
        if datetime.fromisoformat(one.erased_at) >= made_at
    ]
    added = [
        session.scalar(
            insert(ErasedPerson).values(row).on_conflict_do_nothing().returning(ErasedPerson.id)
        )
        for row in rows
    ]
    return sum(one is not None for one in added)


def brought_in(session: Session, at: datetime) -> Sequence[ErasedPerson]:
    """Return the entries of a restore that are still to be applied."""
    return session.scalars(
        select(ErasedPerson)
        .where(ErasedPerson.restored_at > at - APPLIED_FOR)
        .order_by(ErasedPerson.id)
    ).all()


def erase_restored(session: Session, actor: Actor, at: datetime, *, restoring: bool) -> int:
    """Erase again whom a restore brought back, or Stripe's events since; return the number of people.

    Only while `restoring` is every address of an entry known to be from before: later the person may have come back.
    """
    entries = brought_in(session, at)
    if not entries:
        return 0
    restored = [one.restored_at for one in entries if one.restored_at is not None]
    _redact_their_events(session, entries, None if restoring else min(restored))
    people = people_to_erase_again(session, entries, by_address=restoring)
    for person in people:
        erase_person(session, person, actor, at, again=True)
    return len(people)


def _redact_their_events(
    session: Session, entries: Sequence[ErasedPerson], since: datetime | None
) -> None:
    digests = {digest for one in entries for digest in one.addresses}
    gifts = [gift for one in entries for gift in one.donations]
    after: str | None = ""
    while after is not None:
        batch = find_events_of_erased(session, digests, gifts, after, since)
        redact_events(session, batch.ids)
        after = batch.next_after


def people_to_erase_again(
    session: Session, entries: Sequence[ErasedPerson], *, by_address: bool
) -> list[DataSubject]:
    """Return what a restored backup has of erased people, from before each was erased."""
    digests = {digest: one for one in entries for digest in one.addresses}
    addresses = _addresses_of(session, digests if by_address else {})
    found = [_person(session, one, addresses.get(one.key, [])) for one in entries]
    return [one for one in found if one.addresses or any(d.erased_at is None for d in one.donors)]


def _person(session: Session, entry: ErasedPerson, known: Sequence[str]) -> DataSubject:
    """Return all that is here of one entry: every record, its gifts, and the addresses that are in use."""
    rows = session.scalars(_donors(entry, known).order_by(Donor.id)).all()
    subjects = {one.donors[0].id: one for one in (data_subject_of(session, row) for row in rows)}
    addresses = {address for one in subjects.values() for address in one.addresses}
    return DataSubject(
        [donor for one in subjects.values() for donor in one.donors],
        sorted({*known, *addresses}),
        [gift for one in subjects.values() for gift in one.donations],
    )


def _addresses_of(session: Session, digests: dict[str, ErasedPerson]) -> dict[str, list[str]]:
    """Return the addresses in the database whose digests are listed, by the entry's key."""
    columns = [select(func.lower(one)).where(one != "") for one in _ADDRESSES]
    found: dict[str, list[str]] = {}
    for address in session.scalars(union(*columns)) if digests else ():
        for digest in address_digests(session, address):
            if digest in digests:
                found.setdefault(digests[digest].key, []).append(address)
    return found


def _donors(entry: ErasedPerson, addresses: Sequence[str]) -> Select[Donor]:
    before = Donor.created_at < entry.erased_at
    same = [
        (Donor.id == number) & (Donor.created_at == datetime.fromisoformat(str(created)))
        for number, created in entry.donors
    ]
    gifts = select(Donation.donor_id).where(Donation.public_id.in_(entry.donations))
    found = func.lower(Donor.email).in_(addresses) | Donor.id.in_(gifts)
    for one in same:
        found |= one
    return select(Donor).where(before, found)
