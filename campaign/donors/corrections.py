"""Correcting a donor: name, email and postal address, as they are from now on.

What was issued stays as it was worded. The donor's row and those of its donations that bear the old words get the new
ones, since later letters go by them; the address takes its consent and its wishes along. See docs/decisions/012.
"""

import unicodedata
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.auth.policies import DONORS
from campaign.auth.sessions import revoke_access
from campaign.core import clock
from campaign.core.csv_lists import read_address
from campaign.core.errors import DonorInvalid, DonorKnown
from campaign.core.input_limits import has_control_character
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donors.masking import masked, masked_email
from campaign.models import (
    Donation,
    Donor,
    OutboxMessage,
    OutboxState,
    Subscriber,
    Suppression,
    SuppressionReason,
)

LONGEST = {"name": 200, "email": 254, "address": 500}
"""Characters."""

ADDRESS_CORRECTED = "the donor's address was corrected; appeals go to the new one"

_WISHES = (SuppressionReason.unsubscribed.value, SuppressionReason.complained.value)


@dataclass(frozen=True)
class Correction:
    """What a donor is called and where they are reached, as it shall be: all three, changed or not."""

    name: str
    email: str
    address: str


def correct_donor(
    session: Session, donor_id: int, wanted: Correction, actor: audit_log.Actor
) -> Donor:
    """Set what is wanted; nothing changes where it stands already.

    Raises DonorInvalid, or DonorKnown where another row has that address.
    """
    donor = session.scalars(
        select(Donor)
        .where(Donor.id == donor_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if donor.erased_at is not None:
        raise DonorInvalid("This person was erased; there is nothing to correct.", "name")
    before = Correction(donor.name, donor.email, donor.address)
    wanted = _read(wanted, before)
    if wanted == before:
        return donor
    if donor.email and not wanted.email:
        raise DonorInvalid("Enter an address: letters about earlier gifts still go there.", "email")
    if wanted.email.lower() != before.email.lower():
        _take_address(session, donor, wanted.email)
    donor.name, donor.email, donor.address = wanted.name, wanted.email, wanted.address
    _carry_to_donations(session, donor, before)
    session.flush()
    told = {"before": _told(before, wanted), "after": _told(wanted, before)}
    audit_log.record(
        session, actor, "donor.corrected", audit_log.Subject("donor", str(donor.id)), **told
    )
    return donor


def _read(wanted: Correction, before: Correction) -> Correction:
    """What was typed, tidied. An address that stands already is not read anew: it may be written in two ways."""
    name = " ".join(_printable(wanted.name, "name").split())
    lines = (" ".join(line.split()) for line in _printable(wanted.address, "address").splitlines())
    email = wanted.email.strip()
    if email and email != before.email:
        try:
            email = read_address(email)
        except ValueError:
            raise DonorInvalid(
                "This email address is not complete. It looks like name@example.org.", "email"
            ) from None
    read = Correction(name, email, "\n".join(line for line in lines if line))
    for field, most in LONGEST.items():
        if len(getattr(read, field)) > most:
            raise DonorInvalid(f"The {field} is longer than {most} characters.", field)
    return read


def _printable(text: str, field: str) -> str:
    text = unicodedata.normalize("NFC", text)
    if has_control_character(text):
        raise DonorInvalid(f"The {field} holds a control character.", field)
    return text


def _take_address(session: Session, donor: Donor, email: str) -> None:
    """Two who take one address at once: the second waits at the unique index, and is told here or fails there."""
    lock_until_commit(session, AdvisoryLock.DONOR_EMAIL, email.lower())
    other = session.scalar(
        select(Donor).where(
            Donor.email != "", func.lower(Donor.email) == email.lower(), Donor.id != donor.id
        )
    )
    if other is not None:
        known = f"Donor {other.id} has this address already."
        if donor.id in {other.merged_into_id, other.id} or other.id == donor.merged_into_id:
            raise DonorInvalid(
                f"{known} It is merged with this one; undo that and merge the other way round.",
                "email",
            )
        raise DonorKnown(f"{known} If they are one person, merge the two.", other.id)
    if donor.email:
        revoke_access(session, DONORS, donor, clock.now())
        _move_consent(session, donor.email.lower(), email)
        _readdress(session, donor.email.lower(), email)


def _move_consent(session: Session, old: str, email: str) -> None:
    """Consent and wishes are the person's: both go along. A bounce was the old address's."""
    taken = exists().where(func.lower(Subscriber.email) == email.lower())
    mine = func.lower(Subscriber.email) == old
    if session.scalar(select(taken)):
        session.execute(delete(Subscriber).where(mine))
    else:
        session.execute(update(Subscriber).where(mine).values(email=email))
    wishes = select(
        func.lower(email), Suppression.campaign_id, Suppression.reason, Suppression.detail
    ).where(Suppression.email == old, Suppression.reason.in_(_WISHES))
    session.execute(
        insert(Suppression)
        .from_select(["email", "campaign_id", "reason", "detail"], wishes)
        .on_conflict_do_nothing()
    )


def _readdress(session: Session, old: str, email: str) -> None:
    """Letters of their own that wait go to the new address. Appeals to the old one are dropped: they have given."""
    waiting = (
        func.lower(OutboxMessage.recipient) == old,
        OutboxMessage.state == OutboxState.queued.value,
    )
    session.execute(
        update(OutboxMessage)
        .where(*waiting, OutboxMessage.bulk.is_(False))
        .values(recipient=email)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(OutboxMessage)
        .where(*waiting, OutboxMessage.bulk)
        .values(state=OutboxState.dropped.value, last_error=ADDRESS_CORRECTED)
        .execution_options(synchronize_session=False)
    )


def _carry_to_donations(session: Session, donor: Donor, before: Correction) -> None:
    """Each donation has its own name and address, as typed; those that had the donor's get the corrected ones."""
    mine = Donation.donor_id == donor.id
    if donor.name != before.name:
        session.execute(
            update(Donation)
            .where(mine, Donation.name == before.name)
            .values(name=donor.name)
            .execution_options(synchronize_session=False)
        )
    if donor.email != before.email and before.email:
        session.execute(
            update(Donation)
            .where(mine, func.lower(Donation.email) == before.email.lower())
            .values(email=donor.email)
            .execution_options(synchronize_session=False)
        )


def _told(one: Correction, other: Correction) -> dict[str, str]:
    """The fields in which `one` differs, masked: the log outlives the person's erasure."""
    shown = {
        "name": masked(one.name),
        "email": masked_email(one.email) if one.email else "",
        "address": masked(one.address),
    }
    return {
        field: text for field, text in shown.items() if getattr(one, field) != getattr(other, field)
    }
