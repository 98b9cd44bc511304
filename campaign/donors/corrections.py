"""Correct a donor's name, email and postal address.

Issued receipts do not change. The donor's record is updated, and so are donations that have the old values, because
later emails use them. Consent and unsubscribes move with the email address. See docs/decisions/012.
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
"""The most characters, by field."""

ADDRESS_CORRECTED = "the donor's address was corrected; campaign emails go to the new one"

_DONOR_CHOICES = (SuppressionReason.unsubscribed.value, SuppressionReason.complained.value)


@dataclass(frozen=True)
class Correction:
    """The corrected name, email and postal address: all three, changed or not."""

    name: str
    email: str
    address: str


def correct_donor(
    session: Session, donor_id: int, wanted: Correction, actor: audit_log.Actor
) -> Donor:
    """Correct the donor. Values that are already right change nothing.

    Raises DonorInvalid, or DonorKnown if another donor has that email address.
    """
    donor = session.scalars(
        select(Donor)
        .where(Donor.id == donor_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if donor.erased_at is not None:
        raise DonorInvalid("This donor was erased; there is nothing to correct.", "name")
    before = Correction(donor.name, donor.email, donor.address)
    wanted = _normalize(wanted, before)
    if wanted == before:
        return donor
    if donor.email and not wanted.email:
        raise DonorInvalid(
            "Enter an email address. Emails about earlier gifts still go there.", "email"
        )
    if wanted.email.lower() != before.email.lower():
        _change_email(session, donor, wanted.email)
    donor.name, donor.email, donor.address = wanted.name, wanted.email, wanted.address
    _update_donations(session, donor, before)
    session.flush()
    values = {"before": _changed(before, wanted), "after": _changed(wanted, before)}
    audit_log.record(
        session, actor, "donor.corrected", audit_log.Subject("donor", str(donor.id)), **values
    )
    return donor


def _normalize(wanted: Correction, before: Correction) -> Correction:
    """Normalize and check the input. An unchanged email is not parsed again, because parsing could rewrite it."""
    name = " ".join(_printable(wanted.name, "name").split())
    lines = (" ".join(line.split()) for line in _printable(wanted.address, "address").splitlines())
    email = wanted.email.strip()
    if email and email != before.email:
        try:
            email = read_address(email)
        except ValueError:
            raise DonorInvalid(
                "Enter a complete email address, such as name@example.org.", "email"
            ) from None
    read = Correction(name, email, "\n".join(line for line in lines if line))
    for field, most in LONGEST.items():
        if len(getattr(read, field)) > most:
            raise DonorInvalid(f"The {field} is longer than {most} characters.", field)
    return read


def _printable(text: str, field: str) -> str:
    text = unicodedata.normalize("NFC", text)
    if has_control_character(text):
        raise DonorInvalid(f"The {field} contains a control character.", field)
    return text


def _change_email(session: Session, donor: Donor, email: str) -> None:
    """Give the donor the address `email`, or raise DonorInvalid or DonorKnown if another donor has it.

    A lock per address makes concurrent corrections to one address wait, so the second one gets the error.
    """
    lock_until_commit(session, AdvisoryLock.DONOR_EMAIL, email.lower())
    other = session.scalar(
        select(Donor).where(
            Donor.email != "", func.lower(Donor.email) == email.lower(), Donor.id != donor.id
        )
    )
    if other is not None:
        known = f"Donor {other.id} already has this address."
        if donor.id in {other.merged_into_id, other.id} or other.id == donor.merged_into_id:
            raise DonorInvalid(
                f"{known} The two are merged. Undo the merge, then merge them the other way around.",
                "email",
            )
        raise DonorKnown(f"{known} If they are the same person, merge the two.", other.id)
    if donor.email:
        revoke_access(session, DONORS, donor, clock.now())
        _move_consent(session, donor.email.lower(), email)
        _redirect_queued_emails(session, donor.email.lower(), email)


def _move_consent(session: Session, old: str, email: str) -> None:
    """Move consent, unsubscribes and complaints to the new address. Bounces stay with the old one."""
    taken = exists().where(func.lower(Subscriber.email) == email.lower())
    mine = func.lower(Subscriber.email) == old
    if session.scalar(select(taken)):
        session.execute(delete(Subscriber).where(mine))
    else:
        session.execute(update(Subscriber).where(mine).values(email=email))
    choices = select(
        func.lower(email), Suppression.campaign_id, Suppression.reason, Suppression.detail
    ).where(Suppression.email == old, Suppression.reason.in_(_DONOR_CHOICES))
    session.execute(
        insert(Suppression)
        .from_select(["email", "campaign_id", "reason", "detail"], choices)
        .on_conflict_do_nothing()
    )


def _redirect_queued_emails(session: Session, old: str, email: str) -> None:
    """Send queued personal emails to the new address. Drop queued campaign emails to the old one."""
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


def _update_donations(session: Session, donor: Donor, before: Correction) -> None:
    """Update donations that have the donor's old name or email. Others keep the values typed with the gift."""
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


def _changed(one: Correction, other: Correction) -> dict[str, str]:
    """Return the fields of `one` that differ from `other`, masked: the audit log outlives the donor's erasure."""
    shown = {
        "name": masked(one.name),
        "email": masked_email(one.email) if one.email else "",
        "address": masked(one.address),
    }
    return {
        field: text for field, text in shown.items() if getattr(one, field) != getattr(other, field)
    }
