"""What is done from time to time so that nothing is missed."""

from datetime import timedelta

from campaign.audit.audit_log import Actor
from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.campaigns.milestones import record_milestones as mark_the_milestones
from campaign.core import clock
from campaign.emails.renewal_notices import queue_renewal_notices
from campaign.privacy import erasure_flow, retention
from campaign.reconciliation.fetch_fees import book_fees as book_the_fees
from campaign.reconciliation.fetch_payouts import read_payouts as read_the_payouts
from campaign.reconciliation.match_payments import match_evidence as match_the_returns
from campaign.reconciliation.recorded_run import run_reconciliation
from campaign.refunds import flow
from campaign.reporting.alerts import queue_alert
from campaign.runtime.job_heartbeat import heartbeat
from campaign.stripe_events.recovery import recover_events
from workers.app import app, installation

RECOVERED = timedelta(days=2)
"""How far back is looked each time; `campaign events recover` goes further."""


COMPARED = timedelta(days=3)
"""How far back the ledger is held against Stripe each time; `campaign reconcile` goes further."""


@app.task(name="workers.upkeep.recover")
def recover() -> int:
    """Fetch and apply the events that Stripe could not deliver; the number that was new."""
    with heartbeat(installation(), "recover-events"):
        return recover_events(installation(), clock.now() - RECOVERED).new


@app.task(name="workers.upkeep.finish_refunds")
def finish_refunds() -> int:
    """Take up the refunds of ours whose answer from Stripe is not known; the number that is over now."""
    with heartbeat(installation(), "finish-refunds"):
        return flow.finish_refunds(installation())


@app.task(name="workers.upkeep.book_fees")
def book_fees() -> int:
    """Book what Stripe kept of each payment, once its balance shows it; the number of fees."""
    with heartbeat(installation(), "book-fees"):
        return book_the_fees(installation())


@app.task(name="workers.upkeep.match_evidence")
def match_evidence() -> int:
    """Ask Stripe whose the payments are of which something was told and nothing is known; how many were answered."""
    with heartbeat(installation(), "match-evidence"):
        return match_the_returns(installation())


@app.task(name="workers.upkeep.read_payouts")
def read_payouts() -> int:
    """Read what the new payouts are made of; how many were read."""
    with heartbeat(installation(), "read-payouts"):
        return read_the_payouts(installation())


@app.task(name="workers.upkeep.finalize")
def finalize() -> int:
    """Freeze the results whose grace period is over, a commit each; their number."""
    with heartbeat(installation(), "finalize"):
        return sum(iter(_finalize_one, 0))


def _finalize_one() -> int:
    with installation().sessions.begin() as session:
        return len(finalize_due_campaigns(session, clock.now(), at_most=1))


@app.task(name="workers.upkeep.purge_expired")
def purge_expired() -> int:
    """Delete what was to be kept for a time only, once that is over; how much that was."""
    with heartbeat(installation(), "purge-expired"):
        return retention.purge_expired(installation())


@app.task(name="workers.upkeep.mark_milestones")
def mark_milestones() -> int:
    """Write down which shares of their goals campaigns have reached; how many are new."""
    with heartbeat(installation(), "mark-milestones"), installation().sessions.begin() as session:
        return mark_the_milestones(session, clock.now())


@app.task(name="workers.upkeep.erase_donors")
def erase_donors() -> int:
    """Remove the people whose requests staff have agreed to; how many."""
    with heartbeat(installation(), "erase-donors"):
        return erasure_flow.erase_approved(installation())


@app.task(name="workers.upkeep.queue_notices")
def queue_notices() -> int:
    """Write to those whose yearly gift renews soon; how many letters are new."""
    here = installation()
    domain, zone = here.settings.mail_from.domain, here.settings.organization.timezone
    with heartbeat(here, "queue-notices"), here.sessions.begin() as session:
        return queue_renewal_notices(session, clock.now(), domain, zone)


@app.task(name="workers.upkeep.alert_staff")
def alert_staff() -> int:
    """Write to staff about what is wrong and was not told today; how many problems are new."""
    here = installation()
    domain, zone = here.settings.mail_from.domain, here.settings.organization.timezone
    recipient = here.settings.mail.alerts_to
    with heartbeat(here, "alert-staff"), here.sessions.begin() as session:
        return queue_alert(session, clock.now(), recipient, domain, zone)


@app.task(name="workers.upkeep.reconcile")
def reconcile() -> int:
    """Hold the ledger against Stripe and keep what differs for staff; how many differences there are."""
    here, since = installation(), clock.now() - COMPARED
    with heartbeat(here, "reconcile"):
        return run_reconciliation(here, since, Actor.schedule(), patience=5).found
