"""Notes on donors and donations: added, never changed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.errors import NoteRefused
from campaign.core.input_limits import has_control_character
from campaign.models import Donation, Donor, Note

LONGEST = 5000
"""Characters of a note."""


def add_donor_note(session: Session, donor: Donor, text: str, actor: audit_log.Actor) -> Note:
    """A note about a donor. Raises NoteRefused where it says nothing, or too much."""
    subject = audit_log.Subject("donor", str(donor.id))
    return _add(session, Note(donor_id=donor.id), text, actor, subject)


def add_donation_note(
    session: Session, donation: Donation, text: str, actor: audit_log.Actor
) -> Note:
    """A note about one donation. Raises NoteRefused where it says nothing, or too much."""
    subject = audit_log.Subject("donation", donation.public_id, donation.campaign_id)
    return _add(session, Note(donation_id=donation.id), text, actor, subject)


def _add(
    session: Session, note: Note, text: str, actor: audit_log.Actor, subject: audit_log.Subject
) -> Note:
    """The same words by the same person, directly after one another, are one note: a form that was sent twice."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NoteRefused("Write what should be remembered.")
    if has_control_character(text):
        raise NoteRefused("The note holds a control character; write it anew.")
    if len(text) > LONGEST:
        raise NoteRefused(f"A note has at most {LONGEST} characters; this one has {len(text)}.")
    _hold(session, note)
    latest = session.scalar(_about(note).order_by(Note.id.desc()).limit(1))
    if latest is not None and (latest.text, latest.written_by) == (text, actor.name):
        return latest
    note.text, note.written_by = text, actor.name
    session.add(note)
    session.flush()
    # The words stay out of the log, which outlives the person's erasure.
    audit_log.record(session, actor, f"{subject.kind}.noted", subject, after={"note": note.id})
    return note


def _hold(session: Session, note: Note) -> None:
    """Two of the same at once follow one another."""
    if note.donor_id is not None:
        table, key = Donor, note.donor_id
    else:
        table, key = Donation, note.donation_id  # type: ignore[assignment] # either is a mapped class with an id
    session.execute(select(table.id).where(table.id == key).with_for_update(key_share=True))


def _about(note: Note) -> Select[Note]:
    if note.donor_id is not None:
        return select(Note).where(Note.donor_id == note.donor_id)
    return select(Note).where(Note.donation_id == note.donation_id)


def list_notes(
    session: Session, *, donor_ids: Sequence[int] = (), donation_id: int | None = None
) -> Sequence[Note]:
    """The notes about these rows of a donor, or about that donation, the latest first."""
    about: ColumnElement[bool] = Note.donor_id.in_(donor_ids)
    # Compared with None it would be every note that is about no donation.
    if donation_id is not None:
        about = or_(about, Note.donation_id == donation_id)
    return session.scalars(select(Note).where(about).order_by(Note.id.desc())).all()
