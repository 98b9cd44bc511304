"""Erasure requests: a donor requests it, staff approve, and a worker carries it out.

The request alone erases nothing: a monthly gift may be active, and someone else may be using the donor's computer.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.donations.canonical_donors import donor_records
from campaign.donor_portal.emails import PortalNote, queue_note
from campaign.models import Donor, ErasureRequest

_OPEN = (ErasureRequest.done_at.is_(None), ErasureRequest.withdrawn_at.is_(None))


def open_request(session: Session, donor: Donor) -> ErasureRequest | None:
    """Return the open erasure request of the person whose canonical record is `donor`; None if there is none."""
    return open_request_of(session, [row.id for row in donor_records(session, donor)])


def open_request_of(session: Session, donor_ids: Sequence[int]) -> ErasureRequest | None:
    """Return the open erasure request, by the IDs of all records of the person."""
    return session.scalar(
        select(ErasureRequest)
        .where(ErasureRequest.donor_id.in_(donor_ids), *_OPEN)
        .order_by(ErasureRequest.id)
        .limit(1)
    )


def request_erasure(session: Session, donor: Donor, mail_domain: str, at: datetime) -> bool:
    """Save the request, once, and queue an email that confirms it; return whether it is new."""
    if open_request(session, donor) is not None:
        return False
    added = session.scalar(
        insert(ErasureRequest)
        .values(donor_id=donor.id, asked_at=at)
        .on_conflict_do_nothing()
        .returning(ErasureRequest.id)
    )
    if added is None:
        return False
    audit_log.record(
        session, audit_log.Actor.donor(donor.id), "donor.erasure_requested", _subject(donor)
    )
    queue_note(session, donor, PortalNote.erasure_asked, donor.email, mail_domain, at)
    return True


def withdraw_request(session: Session, donor: Donor, at: datetime) -> bool:
    """Withdraw the donor's request; return whether there was one."""
    ids = [row.id for row in donor_records(session, donor)]
    ended = session.scalars(
        update(ErasureRequest)
        .where(ErasureRequest.donor_id.in_(ids), *_OPEN)
        .values(withdrawn_at=at)
        .returning(ErasureRequest.id)
    ).all()
    if ended:
        who = audit_log.Actor.donor(donor.id)
        audit_log.record(session, who, "donor.erasure_withdrawn", _subject(donor))
    return bool(ended)


def approve_erasure(session: Session, donor: Donor, actor: audit_log.Actor, at: datetime) -> None:
    """Approve the erasure, so that a worker carries it out. Add a request if the donor did not use their donor page.

    The caller must have checked with `require_quiet` that it is possible. Approving again, or after the erasure,
    changes nothing.
    """
    session.refresh(donor, with_for_update={"key_share": True})
    if donor.erased_at is not None:
        return
    if open_request(session, donor) is None:
        session.add(ErasureRequest(donor_id=donor.id, asked_at=at))
        session.flush()
    ids = [row.id for row in donor_records(session, donor)]
    approved = session.scalars(
        update(ErasureRequest)
        .where(ErasureRequest.donor_id.in_(ids), *_OPEN, ErasureRequest.approved_at.is_(None))
        .values(approved_at=at, approved_by=actor.name)
        .returning(ErasureRequest.id)
    ).all()
    if approved:
        audit_log.record(session, actor, "donor.erasure_approved", _subject(donor))


def approved_requests(session: Session) -> Sequence[ErasureRequest]:
    """Return the requests for a worker to carry out, oldest approval first."""
    return session.scalars(
        select(ErasureRequest)
        .where(*_OPEN, ErasureRequest.approved_at.is_not(None))
        .order_by(ErasureRequest.approved_at, ErasureRequest.id)
    ).all()


def return_to_staff(session: Session, donor_id: int, actor: audit_log.Actor, reason: str) -> None:
    """Return a request that could not be carried out to staff, and record the reason in the audit log."""
    session.execute(
        update(ErasureRequest)
        .where(ErasureRequest.donor_id == donor_id, *_OPEN)
        .values(approved_at=None, approved_by="")
    )
    subject = audit_log.Subject("donor", str(donor_id))
    audit_log.record(session, actor, "donor.erasure_refused", subject, after={"reason": reason})


def close_requests(
    session: Session, donors: Sequence[Donor], mail_domain: str, at: datetime
) -> None:
    """Close the requests of a person who is being erased, and queue a last email that says so.

    The address in that email is redacted once it is sent. `donors` are the person's records, the canonical one first,
    with their addresses still in them.
    """
    done = session.scalars(
        update(ErasureRequest)
        .where(ErasureRequest.donor_id.in_([one.id for one in donors]), *_OPEN)
        .values(done_at=at)
        .returning(ErasureRequest.id)
    ).all()
    if done and mail_domain:
        queue_note(session, donors[0], PortalNote.erased, donors[0].email, mail_domain, at)


def _subject(donor: Donor) -> audit_log.Subject:
    return audit_log.Subject("donor", str(donor.id))
