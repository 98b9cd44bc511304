"""The schedule: what is kept about people, how long, why, and what removes it.

It is the only place that says so. `purge_expired` carries it out, docs/privacy.md has its table, and the page /privacy
takes its figures from it. Each package defines when its own data expires. A table that is in neither SCHEDULE nor
NOBODY fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.auth.kept_values import purge_kept_values
from campaign.auth.links import purge_links
from campaign.auth.policies import DONORS, STAFF
from campaign.auth.sessions import purge_sessions
from campaign.card_testing import assessment
from campaign.core import clock
from campaign.donations import tribute_cards
from campaign.offline import direct_mail_codes
from campaign.privacy import expired_rows
from campaign.runtime.context import Installation

Purge = Callable[[Session, datetime], int]

ERASURE = "until the person is erased"


@dataclass(frozen=True)
class RetentionRule:
    """What `tables` hold about people, for how long, why, and how it ends.

    `kept` is counted from `since`; None if an event ends it, which `ends` names. `purge` deletes or redacts the rows
    that expired at a given time and returns their number.
    """

    what: str
    tables: tuple[str, ...]
    why: str
    kept: timedelta | None = None
    since: str = ""
    ends: str = ""
    purge: Purge | None = None

    @property
    def period(self) -> str:
        """Return for how long, in words."""
        if self.kept is None:
            return self.ends
        if self.kept < timedelta(days=1):
            return f"{self.kept // timedelta(minutes=1)} minutes {self.since}".strip()
        days = self.kept.days
        return f"{days} {'day' if days == 1 else 'days'} {self.since}".strip()

    @property
    def job(self) -> str:
        """Return what removes it."""
        return "`purge-expired`" if self.purge else "the event itself, and an erasure"


SCHEDULE: dict[str, RetentionRule] = {
    "gifts": RetentionRule(
        "Gifts, their receipts and their donors: name, addresses, comment, dedication, consent wording",
        ("donor", "donation", "receipt", "subscription", "offline_gift", "past_gift", "gift_elsewhere",
         "conversion", "donor_merge", "note", "refund"),
        "The books, and the receipts that donors ask for again; tax law wants them for years",
        ends=ERASURE,
    ),
    "abandoned": RetentionRule(
        "Gifts that were begun and never paid, and donors who did nothing else",
        ("donation", "donor", "tribute_card", "wall_entry", "stripe_request"),
        "Someone whose card was declined tries again within days; a dispute about it takes weeks",
        expired_rows.ABANDONED, "after they were begun", purge=expired_rows.forget_abandoned_gifts,
    ),
    "wall": RetentionRule(
        "Names on the donor wall", ("wall_entry",), "The donor asked to be named", ends=ERASURE
    ),
    "subscribers": RetentionRule(
        "Subscribers: address, name, and when, where and to which words they agreed",
        ("subscriber", "list_member"),
        "The proof of the consent",
        ends="until they are removed or erased",
    ),
    "suppressions": RetentionRule(
        "Addresses that get no more emails", ("suppression",),
        "The wish has to be known to be kept, also when a list is imported",
        ends="until it is removed (`campaign suppressions remove`)",
    ),
    "reminders": RetentionRule(
        "Addresses that asked to be reminded", ("reminder",), "To send the reminder",
        ends="until it is sent, or the campaign is over",
    ),
    "emails": RetentionRule(
        "Recipients of emails", ("outbox_message",),
        "To unsubscribe with an old email, to limit how many a reader gets, and to answer questions about receipts",
        expired_rows.EMAILS, "after they were queued", purge=expired_rows.redact_old_emails,
    ),
    "events": RetentionRule(
        "Names and addresses in Stripe's events", ("inbox_event",),
        "To apply an event again after a fault; no rule reads the names",
        expired_rows.EVENTS, "after they were applied", purge=expired_rows.redact_old_events,
    ),
    "requests": RetentionRule(
        "The address in a request to Stripe", ("stripe_request",),
        "To repeat the same request after a lost answer",
        expired_rows.REQUESTS, "after it was sent", purge=expired_rows.redact_old_requests,
    ),
    "deliveries": RetentionRule(
        "What was sent to other systems (webhooks)", ("webhook_delivery",),
        "To send it again when the other system lost it",
        expired_rows.DELIVERIES, "after the event", purge=expired_rows.purge_deliveries,
    ),
    "tribute_cards": RetentionRule(
        "Tribute cards: recipient, sender, message", ("tribute_card",),
        "To send them, and to answer questions about them",
        tribute_cards.RETENTION, "after the campaign's final result", purge=tribute_cards.purge_cards,
    ),
    "direct_mail": RetentionRule(
        "Recipients of direct mail", ("direct_mail_piece",),
        "To find out whose coupon came back",
        direct_mail_codes.RETENTION, "after the campaign's final result",
        purge=direct_mail_codes.purge_direct_mail,
    ),
    "donor_links": RetentionRule(
        "Links to the donor page", ("donor_link",), "To say why an old link does not work",
        DONORS.kept, "after they expire", purge=lambda session, at: purge_links(session, DONORS, at),
    ),
    "donor_sessions": RetentionRule(
        "Sign-ins to the donor page", ("donor_session",), "To stay signed in",
        DONORS.kept, "after they expire",
        purge=lambda session, at: purge_sessions(session, DONORS, at),
    ),
    "staff_links": RetentionRule(
        "Sign-in links of staff", ("staff_link",), "To look into a sign-in that nobody expected",
        STAFF.kept, "after they expire", purge=lambda session, at: purge_links(session, STAFF, at),
    ),
    "staff_sessions": RetentionRule(
        "Sign-ins of staff, with browser and network address", ("staff_session",),
        "To look into a sign-in that nobody expected",
        STAFF.kept, "after they expire", purge=lambda session, at: purge_sessions(session, STAFF, at),
    ),
    "kept_values": RetentionRule(
        "What is kept for one signed-in browser of staff, encrypted", ("kept_value",),
        "To show a one-time secret once, and to send a form on after signing in again",
        timedelta(minutes=30), "at most", purge=purge_kept_values,
    ),
    "staff": RetentionRule(
        "Staff, and what they did", ("staff_member", "staff_passkey", "audit_entry", "api_token"),
        "Who did what with the money has to stay known; donors are masked there", ends="always",
    ),
    "uploads": RetentionRule(
        "Files that staff upload, and their reports", ("file_import", "file_import_part"),
        "To check and confirm them; usually a day",
        expired_rows.UPLOADS, "after the upload", purge=expired_rows.purge_uploads,
    ),
    "adoption": RetentionRule(
        "What staff searched in the Stripe account", ("adoption_run",), "To take the payments in",
        ends="until the run has ended",
    ),
    "card_testing": RetentionRule(
        "Marks against card testing: keyed digests of networks, mailboxes and cards",
        ("session_opening", "card_decline", "siege"),
        "To tell an attack from gifts",
        assessment.KEPT, "after the form was sent", purge=assessment.purge_openings,
    ),
    "erasure_requests": RetentionRule(
        "Requests to be erased", ("erasure_request",), "The proof that it was asked for and done",
        ends="always; the donor's record in it names nobody by then",
    ),
    "erased_people": RetentionRule(
        "The list of erased people: digests and ids", ("erased_person",),
        "To erase them again when a backup is restored", ends="always; it names nobody",
    ),
}  # fmt: skip
"""By kind. Lists that are kept outside the database are in OUTSIDE."""

OUTSIDE: tuple[tuple[str, str, str], ...] = (
    (
        "Counters of limits (Redis)",
        "at most a day; keyed digests of networks and addresses",
        "To stop those who try too often",
    ),
    (
        "Logs of the service",
        "as long as your system keeps them; they hold no name and no address of a donor",
        "To find faults",
    ),
    (
        "Logs of the web server: network addresses",
        "14 days, which is for you to set up (logrotate)",
        "To find faults and attacks",
    ),
    (
        "Backups",
        "35 days, which is for you to set up; an erased person is erased again when one is restored",
        "To survive a loss",
    ),
    ("Stripe", "as Stripe's privacy policy says", "To charge the card"),
)
"""What is kept elsewhere: what, for how long, why."""

NOBODY = frozenset(
    {
        "acknowledgment", "attempt_count", "branding", "campaign", "campaign_donor", "campaign_step",
        "campaign_text", "charge", "code_visit", "deposit_batch", "dispute", "extension", "fraud_warning",
        "gift_tally", "heartbeat", "invoice_payment", "ledger_entry", "left_alone", "list_sync_state",
        "mail_outage", "mail_refusal", "matching_gift", "matching_shard", "milestone", "payment_lookup",
        "payout", "payout_item", "progress_shard", "receipt_counter", "receipt_note", "reconciliation_run",
        "reserved_receipt", "restoration", "settled_discrepancy", "webhook_endpoint",
    }
)  # fmt: skip
"""Tables that hold nothing about readers and donors but ids, amounts and times."""

PURGES: dict[str, Purge] = {
    kind: rule.purge for kind, rule in SCHEDULE.items() if rule.purge is not None
}
"""By kind: a function that removes what expired at the given time and returns the number of rows."""

log = get_logger(__name__)


def purge_expired(installation: Installation) -> int:
    """Delete expired data, with a commit for each kind; return the number of rows deleted or redacted."""
    deleted = 0
    for kind, purge in PURGES.items():
        with installation.sessions.begin() as session:
            number = purge(session, clock.now())
        if number:
            log.info("expired_data_deleted", kind=kind, number=number)
        deleted += number
    return deleted


def schedule_table() -> str:
    """Return the table of docs/privacy.md, in Markdown."""
    rows = [
        "| What | Kept | Why | Removed by |",
        "|---|---|---|---|",
        *(f"| {one.what} | {one.period} | {one.why} | {one.job} |" for one in SCHEDULE.values()),
        *(f"| {what} | {kept} | {why} | – |" for what, kept, why in OUTSIDE),
    ]
    return "\n".join(rows) + "\n"
