"""Periodic tasks that keep the data complete and up to date."""

from datetime import timedelta

from campaign.adoption.runs import carry_out_runs
from campaign.audit.audit_log import Actor
from campaign.audit.heartbeats import SEGMENT_SUBSCRIBERS
from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.campaigns.milestones import record_milestones as mark_the_milestones
from campaign.card_testing import siege
from campaign.card_testing.declines import expire_bad_sessions
from campaign.core import clock
from campaign.emails.renewal_notices import queue_renewal_notices
from campaign.list_sync.run import raise_failures, sync_all
from campaign.moving.uploads import import_files as import_the_files
from campaign.outreach.giving_segments import update_segments
from campaign.privacy import erasure_flow, retention
from campaign.receipts.numbers import read_given_numbers
from campaign.receipts.payment_notes import send_notes
from campaign.reconciliation.fetch_fees import book_fees as book_the_fees
from campaign.reconciliation.fetch_payouts import read_payouts as read_the_payouts
from campaign.reconciliation.match_payments import match_evidence as match_the_returns
from campaign.reconciliation.recorded_run import run_reconciliation
from campaign.refunds import flow
from campaign.reporting.alerts import queue_alert
from campaign.runtime.job_heartbeat import heartbeat
from campaign.staff.notices import queue_notices as queue_staff_notices
from campaign.stripe_events.recovery import recover_events
from workers.app import app, installation

RECOVERY_WINDOW = timedelta(days=2)
"""How far back to look for missed events; `campaign events recover` goes further."""


LIST_SYNC_TIME = 300.0
"""Seconds for one run; the next one goes on with the rest."""

RECONCILIATION_WINDOW = timedelta(days=3)
"""How far back to compare the ledger with Stripe; `campaign reconcile` goes further."""


@app.task(name="workers.upkeep.recover")
def recover() -> int:
    """Fetch and apply the events that Stripe could not deliver; return the number of new ones."""
    with heartbeat(installation(), "recover-events"):
        return recover_events(installation(), clock.now() - RECOVERY_WINDOW).new


@app.task(name="workers.upkeep.finish_refunds")
def finish_refunds() -> int:
    """Finish the refunds that Stripe has not confirmed; return the number finished."""
    with heartbeat(installation(), "finish-refunds"):
        return flow.finish_refunds(installation())


@app.task(name="workers.upkeep.book_fees")
def book_fees() -> int:
    """Book the fee of each payment once Stripe's balance shows it; return the number of fees."""
    with heartbeat(installation(), "book-fees"):
        return book_the_fees(installation())


@app.task(name="workers.upkeep.match_evidence")
def match_evidence() -> int:
    """Ask Stripe for the payments of unmatched refunds and disputes; return the number of answers."""
    with heartbeat(installation(), "match-evidence"):
        return match_the_returns(installation())


@app.task(name="workers.upkeep.take_in_payments")
def take_in_payments() -> int:
    """Carry out staff's requests about payments that began elsewhere; return the number finished."""
    with heartbeat(installation(), "take-in-payments"):
        return carry_out_runs(installation())


@app.task(name="workers.upkeep.import_files")
def import_files() -> int:
    """Check and import the files that staff uploaded; return the number worked on."""
    with heartbeat(installation(), "import-files"):
        return import_the_files(installation())


@app.task(name="workers.upkeep.note_receipts")
def note_receipts() -> int:
    """Write the numbers of new receipts to their payments at Stripe; return the number written."""
    with heartbeat(installation(), "note-receipts"):
        # After a restore, the numbers given since the backup come first.
        read_given_numbers(installation(), clock.now())
        return send_notes(installation())


@app.task(name="workers.upkeep.read_payouts")
def read_payouts() -> int:
    """Fetch the balance transactions of new payouts; return the number of payouts."""
    with heartbeat(installation(), "read-payouts"):
        return read_the_payouts(installation())


@app.task(name="workers.upkeep.finalize")
def finalize() -> int:
    """Finalize the results of campaigns whose grace period is over, with a commit each; return their number."""
    with heartbeat(installation(), "finalize"):
        return sum(iter(_finalize_one, 0))


def _finalize_one() -> int:
    with installation().sessions.begin() as session:
        return len(finalize_due_campaigns(session, clock.now(), at_most=1))


@app.task(name="workers.upkeep.purge_expired")
def purge_expired() -> int:
    """Delete data whose retention period is over; return the number of rows. People that a restore brought back too."""
    with heartbeat(installation(), "purge-expired"):
        erasure_flow.erase_again(installation())
        return retention.purge_expired(installation())


@app.task(name="workers.upkeep.mark_milestones")
def mark_milestones() -> int:
    """Record the milestones that campaigns have reached; return the number of new ones."""
    with heartbeat(installation(), "mark-milestones"), installation().sessions.begin() as session:
        return mark_the_milestones(session, clock.now())


@app.task(name="workers.upkeep.erase_donors")
def erase_donors() -> int:
    """Carry out approved erasure requests; return the number of people erased."""
    with heartbeat(installation(), "erase-donors"):
        return erasure_flow.erase_approved(installation())


@app.task(name="workers.upkeep.queue_notices")
def queue_notices() -> int:
    """Queue emails to donors whose yearly gift renews soon; return the number queued."""
    here = installation()
    domain, zone = here.settings.mail_from.domain, here.settings.organization.timezone
    with heartbeat(here, "queue-notices"), here.sessions.begin() as session:
        return queue_renewal_notices(session, clock.now(), domain, zone)


@app.task(name="workers.upkeep.segment_subscribers")
def segment_subscribers() -> int:
    """Bring the segments of subscribers up to date; return the number of people whose giving changed."""
    here = installation()
    with heartbeat(here, SEGMENT_SUBSCRIBERS), here.sessions.begin() as session:
        return update_segments(session, clock.now())


@app.task(name="workers.upkeep.alert_staff")
def alert_staff() -> int:
    """Queue an email to staff about problems not yet reported today; return the number of new problems."""
    here = installation()
    domain, zone = here.settings.mail_from.domain, here.settings.organization.timezone
    recipient = here.settings.mail.alerts_to
    with heartbeat(here, "alert-staff"), here.sessions.begin() as session:
        return queue_alert(session, clock.now(), recipient, domain, zone)


@app.task(name="workers.upkeep.watch_card_testing")
def watch_card_testing() -> int:
    """Expire sessions of people who test cards, tell staff of a siege, end it when it is over; return the expired."""
    here, at = installation(), clock.now()
    domain, zone = here.settings.mail_from.domain, here.settings.organization.timezone
    with heartbeat(here, "watch-card-testing"):
        with here.sessions.begin() as session:
            siege.end_if_calm(session, at)
            if siege.find_siege(session) is not None:
                queue_alert(session, at, here.settings.mail.alerts_to, domain, zone)
        return expire_bad_sessions(here)


@app.task(name="workers.upkeep.tell_staff")
def tell_staff() -> int:
    """Queue emails to members about sensitive changes; return how many."""
    here = installation()
    domain, above = here.settings.mail_from.domain, here.settings.staff.refund_sign_in_above
    with heartbeat(here, "tell-staff"), here.sessions.begin() as session:
        return queue_staff_notices(session, clock.now(), domain, refunds_above=above)


@app.task(name="workers.upkeep.sync_lists")
def sync_lists() -> int:
    """Sync subscribers with the list services that are set up; return the number of changes."""
    with heartbeat(installation(), "sync-lists"):
        results = sync_all(installation(), Actor.schedule(), patience=LIST_SYNC_TIME)
        raise_failures(results)
        return sum(sum(one.counts.values()) for one in results)


@app.task(name="workers.upkeep.reconcile")
def reconcile() -> int:
    """Compare the ledger with Stripe and record discrepancies for staff; return the number of discrepancies."""
    here, since = installation(), clock.now() - RECONCILIATION_WINDOW
    with heartbeat(here, "reconcile"):
        return run_reconciliation(here, since, Actor.schedule(), patience=5).found
