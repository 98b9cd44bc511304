"""Notes on donors and donations. Notes are added, never changed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.errors import NoteRefused
from campaign.core.input_limits import has_control_character
from campaign.models import Donation, Donor, Note

LONGEST = 5000
"""The most characters of a note."""


def add_donor_note(session: Session, donor: Donor, text: str, actor: audit_log.Actor) -> Note:
    """Add a note to a donor. Raises NoteRefused if it is empty, too long or has control characters."""
    subject = audit_log.Subject("donor", str(donor.id))
    return _add(session, Note(donor_id=donor.id), text, actor, subject)


def add_donation_note(
    session: Session, donation: Donation, text: str, actor: audit_log.Actor
) -> Note:
    """Add a note to a donation. Raises NoteRefused if it is empty, too long or has control characters."""
    subject = audit_log.Subject("donation", donation.public_id, donation.campaign_id)
    return _add(session, Note(donation_id=donation.id), text, actor, subject)


def _add(
    session: Session, note: Note, text: str, actor: audit_log.Actor, subject: audit_log.Subject
) -> Note:
    """Add the note unless the latest one has the same text and author: that is a form submitted twice."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise NoteRefused("Enter a note.")
    if has_control_character(text):
        raise NoteRefused("The note contains a control character. Please retype it.")
    if len(text) > LONGEST:
        raise NoteRefused(f"Use at most {LONGEST} characters. This note has {len(text)}.")
    _lock_subject(session, note)
    latest = session.scalar(_notes_on(note).order_by(Note.id.desc()).limit(1))
    if latest is not None and (latest.text, latest.written_by) == (text, actor.name):
        return latest
    note.text, note.written_by = text, actor.name
    session.add(note)
    session.flush()
    # The text is not logged, because the audit log outlives the donor's erasure.
    audit_log.record(session, actor, f"{subject.kind}.noted", subject, after={"note": note.id})
    return note


def _lock_subject(session: Session, note: Note) -> None:
    """Lock the donor or donation, so that two identical notes at once are added one after the other."""
    if note.donor_id is not None:
        table, key = Donor, note.donor_id
    else:
        table, key = Donation, note.donation_id  # type: ignore[assignment] # either is a mapped class with an id
    session.execute(select(table.id).where(table.id == key).with_for_update(key_share=True))


def _notes_on(note: Note) -> Select[Note]:
    if note.donor_id is not None:
        return select(Note).where(Note.donor_id == note.donor_id)
    return select(Note).where(Note.donation_id == note.donation_id)


def list_notes(
    session: Session, *, donor_ids: Sequence[int] = (), donation_id: int | None = None
) -> Sequence[Note]:
    """Return the notes on these donor records, or on that donation, newest first."""
    about: ColumnElement[bool] = Note.donor_id.in_(donor_ids)
    # Comparing with None would match every note without a donation.
    if donation_id is not None:
        about = or_(about, Note.donation_id == donation_id)
    return session.scalars(select(Note).where(about).order_by(Note.id.desc())).all()
