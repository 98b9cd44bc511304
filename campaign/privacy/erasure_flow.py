"""Erase a person, for the command and the worker: first from stored Stripe events, then from every other row.

Events are redacted in batches with a commit each. If that is interrupted, the same call still finds the person.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.errors import CampaignError, ErasureRefused
from campaign.models import Donor, ErasureRequest, StaffRole
from campaign.privacy.erased_people import list_erased, remember_erased, save_list
from campaign.privacy.erasure import Erased, erase_person
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.erasure_requests import approved_requests, return_to_staff
from campaign.privacy.event_redaction import find_events, redact_events
from campaign.privacy.personal_data_export import DataSubject, data_subject_of
from campaign.privacy.restored_people import erase_restored
from campaign.runtime.context import Installation

log = get_logger(__name__)


def erase(
    installation: Installation, find: Callable[[Session], DataSubject], actor: Actor
) -> tuple[Erased, int]:
    """Erase the person that `find` returns; return what was erased and the number of redacted events.

    Running it again finds nothing. Raises ErasureRefused, before any change, while a monthly gift is active or a
    payment is in progress.
    """
    with installation.sessions() as session:
        person = find(session)
        require_erasable(session, person, clock.now())
    events = stored_events(installation, person, forget=True)
    with installation.sessions.begin() as session:
        domain = installation.settings.mail_from.domain
        person = find(session)
        erased = erase_person(session, person, actor, clock.now(), domain)
        if events and not erased.anything:
            remember_erased(session, person, clock.now())
    write_list(installation)
    return erased, len(events)


def stored_events(installation: Installation, person: DataSubject, *, forget: bool) -> list[str]:
    """Return the IDs of the stored events about the person, and redact them if `forget`; a commit for each batch."""
    words = [*person.addresses, *(one.public_id for one in person.donations)]
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


def write_list(installation: Installation) -> None:
    """Write the list of erased people to the file ERASED_LIST, if it is set. Lines of others that are there stay.

    A failure is logged and no more: the erasure itself is done, and the job `erase-donors` writes the list again.
    """
    path = installation.settings.erased_list
    if path is None:
        return
    try:
        with installation.sessions() as session:
            save_list(path, list(list_erased(session)))
    except OSError as error:
        log.warning("list_of_erased_people_not_written", error=type(error).__name__)


def erase_again(installation: Installation) -> int:
    """Erase whom Stripe's events brought back after a restore; return the number of people. Writes the list, too."""
    with installation.sessions.begin() as session:
        erased = erase_restored(session, Actor.schedule(), clock.now(), restoring=False)
    write_list(installation)
    return erased


def erase_approved(installation: Installation) -> int:
    """Carry out the approved erasure requests; return the number of people erased.

    A request that is refused now returns to staff with the reason. For any other failure, raises CampaignError at the
    end, after the other people are erased; the next run tries again.
    """
    with installation.sessions() as session:
        approved = [(one.id, one.donor_id, one.approved_by) for one in approved_requests(session)]
    done = 0
    failed: list[str] = []
    for request_id, donor_id, approved_by in approved:
        actor = Actor(approved_by, StaffRole.admin)
        try:
            done += _carry_out(installation, request_id, donor_id, actor)
        except Exception as error:  # noqa: BLE001 - a failure for one person must not stop the others
            # Only the error's type: a database error's details could contain the name to be erased.
            kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
            failed.append(f"donor {donor_id} ({kind})")
    if failed:
        raise CampaignError(f"Not erased; the next run tries again: {', '.join(failed)}.")
    return done


def _carry_out(installation: Installation, request_id: int, donor_id: int, actor: Actor) -> bool:
    """Erase one person; return whether there was anything to erase."""
    try:
        erased, _ = erase(installation, partial(_approved_person, request_id), actor)
    except ErasureRefused as error:
        with installation.sessions.begin() as session:
            return_to_staff(session, donor_id, actor, str(error))
        return False
    return erased.anything


def _approved_person(request_id: int, session: Session) -> DataSubject:
    """Return the person of an open request; an empty one if the request was withdrawn or is already done."""
    request = session.get_one(ErasureRequest, request_id, with_for_update=True)
    if request.withdrawn_at is not None or request.done_at is not None:
        return DataSubject([], [], [])
    return data_subject_of(session, session.get_one(Donor, request.donor_id))
