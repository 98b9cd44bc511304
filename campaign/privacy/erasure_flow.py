"""Removing a person, for the command and for the worker: Stripe's stored events first, then every row of theirs.

The events go piece by piece, a commit each; were that cut, the same call would still find whose they are.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.errors import CampaignError, ErasureRefused
from campaign.models import Donor, ErasureRequest, StaffRole
from campaign.privacy.erasure import Erased, erase_person
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.erasure_requests import approved_requests, return_to_staff
from campaign.privacy.event_redaction import find_events, redact_events
from campaign.privacy.personal_data_export import DataSubject, data_subject_of
from campaign.runtime.context import Installation


def erase(
    installation: Installation, find: Callable[[Session], DataSubject], actor: Actor
) -> tuple[Erased, int]:
    """Take out the person that `find` finds; what was found, and how many events. Done again, it finds nothing.

    Raises ErasureRefused, before anything is touched, while a monthly gift goes on or a payment is under way.
    """
    with installation.sessions() as session:
        whose = find(session)
        require_erasable(session, whose, clock.now())
    events = stored_events(installation, whose, forget=True)
    with installation.sessions.begin() as session:
        domain = installation.settings.mail_from.domain
        erased = erase_person(session, find(session), actor, clock.now(), domain)
    return erased, len(events)


def stored_events(installation: Installation, whose: DataSubject, *, forget: bool) -> list[str]:
    """The stored events that speak of the person; a commit for each piece that was looked through."""
    words = [*whose.addresses, *(one.public_id for one in whose.donations)]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        with installation.sessions.begin() as session:
            piece = find_events(session, words, after)
            if forget:
                redact_events(session, piece.ids)
        found += piece.ids
        after = piece.next_after
    return found


def erase_approved(installation: Installation) -> int:
    """Carry out what staff have agreed to; how many people. What is refused now goes back to staff, with why.

    Raises CampaignError at the end where anything else went wrong with somebody: the others are removed, and the next
    run tries again.
    """
    with installation.sessions() as session:
        agreed = [(one.id, one.donor_id, one.approved_by) for one in approved_requests(session)]
    done = 0
    failed: list[str] = []
    for request_id, donor_id, approved_by in agreed:
        actor = Actor(approved_by, StaffRole.admin)
        try:
            done += _carry_out(installation, request_id, donor_id, actor)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one person, the others are removed
            # Only its kind: the database's own words about a row may hold the name that is to be forgotten.
            kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
            failed.append(f"donor {donor_id} ({kind})")
    if failed:
        raise CampaignError(f"Not removed, and tried again by the next run: {', '.join(failed)}.")
    return done


def _carry_out(installation: Installation, request_id: int, donor_id: int, actor: Actor) -> bool:
    """Whether anything of this person was there to remove."""
    try:
        erased, _ = erase(installation, partial(_agreed_person, request_id), actor)
    except ErasureRefused as error:
        with installation.sessions.begin() as session:
            return_to_staff(session, donor_id, actor, str(error))
        return False
    return erased.anything


def _agreed_person(request_id: int, session: Session) -> DataSubject:
    """The person of a request that still stands; nobody, once they have thought better of it or another has done it."""
    request = session.get_one(ErasureRequest, request_id, with_for_update=True)
    if request.withdrawn_at is not None or request.done_at is not None:
        return DataSubject([], [], [])
    return data_subject_of(session, session.get_one(Donor, request.donor_id))
