"""The outbox's edge: claim a batch, commit, hand each letter over on one connection, commit each result."""

from datetime import timedelta

from structlog import get_logger

from campaign import clock
from campaign.errors import MailDelayed, MailRefused
from campaign.installation import Installation
from campaign.mail import Letter, Transport, build_message, render_letter
from campaign.services import outbox
from campaign.services.letters import Pointless, Sender, letter_context

BATCH = 50
TIME_FOR_A_TASK = timedelta(minutes=5)
"""The sweep goes on with the rest; a task that ran longer would be killed in the middle of a letter."""

log = get_logger(__name__)


def deliver_batch(installation: Installation) -> int:
    """Send what is due, at most one batch; the number of messages that were tried.

    Where the mail server is slow, what was not begun in time is given back: a letter still claimed when its lease
    ends would be sent by another worker too.
    """
    begun = clock.now()
    with installation.sessions.begin() as session:
        claims = outbox.claim_messages(session, begun, BATCH)
    with installation.transport() as transport:
        for tried, claim in enumerate(claims):
            if clock.now() - begun > outbox.TIME_FOR_A_BATCH:
                with installation.sessions.begin() as session:
                    outbox.release(session, claims[tried:], clock.now())
                return tried
            deliver(installation, transport, claim)
    return len(claims)


def deliver_due(installation: Installation) -> int:
    """Send batch by batch until nothing is due, or for as long as one task should take; the number tried."""
    begun, tried = clock.now(), 0
    while clock.now() - begun < TIME_FOR_A_TASK and (batch := deliver_batch(installation)):
        tried += batch
    return tried


def deliver(installation: Installation, transport: Transport, claim: outbox.Claim) -> None:
    """Render and send one claimed message and keep what happened. A letter that cannot be rendered is tried again."""
    try:
        letter = _letter(installation, claim)
        if isinstance(letter, Pointless):
            with installation.sessions.begin() as session:
                outbox.mark_dropped(session, claim, letter.reason)
            return
        message = build_message(
            letter,
            sender=installation.settings.mail_from,
            recipient=claim.recipient,
            message_id=claim.message_id,
            at=clock.now(),
        )
        transport.send(claim.recipient, message)
    except MailRefused as error:
        log.warning("mail_refused", message=claim.id, kind=claim.kind, error=str(error))
        with installation.sessions.begin() as session:
            outbox.mark_refused(session, claim, str(error))
    except MailDelayed as error:
        _put_off(installation, claim, error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one letter must not hold up the others
        _put_off(installation, claim, error)
    else:
        with installation.sessions.begin() as session:
            outbox.mark_sent(session, claim, clock.now())


def _put_off(installation: Installation, claim: outbox.Claim, error: Exception) -> None:
    log.warning("mail_delayed", message=claim.id, kind=claim.kind, error=repr(error))
    with installation.sessions.begin() as session:
        outbox.mark_delayed(session, claim, f"{type(error).__name__}: {error}", clock.now())


def _letter(installation: Installation, claim: outbox.Claim) -> Letter | Pointless:
    sender = Sender(installation.settings.organization, installation.address)
    with installation.sessions() as session:
        context = letter_context(session, claim, sender)
    return context if isinstance(context, Pointless) else render_letter(claim.kind, context)
