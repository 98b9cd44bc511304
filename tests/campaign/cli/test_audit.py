"""Every change made by a command is in the audit log, which `campaign audit` exports."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.cli.main import cli
from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    InboxEvent,
    OutboxMessage,
    Receipt,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Run
from tests.conftest import sandbox_address

CHANGES = {
    "backup": "backup.created",
    "bounces ingest": "bounces.ingested",
    "card-testing end": "siege.ended",
    "card-testing start": "siege.began",
    "close": "campaign.closed",
    "create": "campaign.created",
    "donor erase": "donor.erased",
    "donor export": "donor.exported",
    "events recover": "events.recovered",
    "events replay": "event.replayed",
    "events settle": "event.settled",
    "adopt": "donation.adopted",
    "db hold-receipts": "receipts.held",
    "export": "export.created",
    "extend": "deadline.extended",
    "import": "subscribers.imported",
    "ledger correct": "result.corrected",
    "print-receipts": "receipts.printed",
    "mail resend": "message.resent",
    "matching add": "matching_gift.added",
    "matching end": "matching_gift.ended",
    "moving invite": "monthly.invited",
    "moving monthly": "monthly.imported",
    "offline import": "offline_gifts.imported",
    "open": "campaign.opened",
    "pause": "campaign.paused",
    "direct-mail": "direct_mail.printed",
    "reconcile": "ledger.repaired",
    "reconcile settle": "discrepancy.settled",
    "refund": "donation.refunded",
    "resume": "campaign.resumed",
    "staff add": "staff_member.added",
    "staff deactivate": "staff_member.deactivated",
    "staff reset-second-factor": "staff_member.second_factor_reset",
    "statements": "statements.queued",
    "schedule add": "step.added",
    "schedule edit": "step.changed",
    "subscribers import": "subscribers.imported",
    "subscribers sync": "subscribers.synced",
    "subscribers remove": "subscriber.removed",
    "subscription change": "subscription.changed",
    "subscription cancel": "subscription.ended",
    "subscription pause": "subscription.paused",
    "subscription resume": "subscription.resumed",
    "suppressions add": "suppression.added",
    "suppressions import": "suppressions.imported",
    "suppressions remove": "suppression.removed",
    "tokens add": "api_token.created",
    "tokens revoke": "api_token.revoked",
    "webhooks add": "webhook_endpoint.added",
    "webhooks disable": "webhook_endpoint.disabled",
    "webhooks retry": "webhook_delivery.retried",
    "webhooks test": "webhook_endpoint.tested",
}
"""The audit entries of each command."""
ELSEWHERE = {
    "import", "ledger correct", "donor erase", "webhooks retry", "webhooks test", "bounces ingest", "print-receipts",
    "staff reset-second-factor", "reconcile", "events settle",
    "reconcile settle", "adopt", "db hold-receipts", "moving invite", "moving monthly", "subscribers sync",
}  # fmt: skip
"""Commands that need more data than the walk below provides; their own tests check the log."""
READS = {
    "doctor", "bounces read", "card-testing status",
    "audit", "donor erased", "ledger check", "ledger late", "mail check", "mail list", "matching list", "review",
    "staff list",
    "schedule list", "subscribers export", "subscription show", "suppressions export", "tokens list", "webhooks list",
}  # fmt: skip
NOT_BY_STAFF = {"db upgrade", "deadline-emails", "payouts", "restore"}
"""Commands that act automatically or on data from Stripe; and a restored log is unchanged."""


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def commands(command: click.Command = cli, path: str = "") -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        if command.invoke_without_command and path:
            yield path
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            assert one is not None
            yield from commands(one, f"{path} {name}".strip())
    else:
        yield path


def test_every_command_only_reads_or_writes_an_audit_entry() -> None:
    assert set(commands()) == READS | NOT_BY_STAFF | set(CHANGES)


@pytest.fixture
def gifts(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> dict[str, str]:
    """A gift of $25 and a monthly gift, with the IDs that commands use."""
    for frequency in ("one_time", "monthly"):
        form = {"amount": "25", "frequency": frequency, "email": f"{frequency}@example.org"}
        client.post("/c/nine-days/donate", data=form)
    with installation.sessions() as session:
        for session_id in session.scalars(select(Donation.session_id)):
            stripe.pay(session_id or "")
    store(*stripe.events())
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        message = session.scalars(select(OutboxMessage).limit(1)).one()
        message.state = "failed"
        once = Donation.frequency == "one_time"
        return {
            "gift": session.scalars(select(Donation.public_id).where(once)).one(),
            "monthly": session.scalars(select(Subscription.stripe_id)).one(),
            "event": session.scalars(select(InboxEvent.id).limit(1)).one(),
            "message": str(message.id),
            "year": str(session.scalars(select(Receipt.gift_date).limit(1)).one().year),
        }


def walk(gifts: dict[str, str], folder: Path) -> Iterator[tuple[str, ...]]:
    """The commands, in an order in which each has something to do."""
    people = folder / "people.csv"
    people.write_text(
        "email,consent_source,consent_at\neva@example.org,form,2026-01-05T10:00:00Z\n"
    )
    stopped = folder / "stopped.txt"
    stopped.write_text("ina@example.org\n")
    checks = folder / "checks.csv"
    checks.write_text(
        "received_on,postmarked_on,amount,currency,name,email,address,code,reference\n"
        "2026-11-20,,50,usd,Ana Reyes,,1 Wharf Street,,1042\n"
    )
    spring = ("--title", "Spring", "--goal", "500", "--deadline", "2099-06-30", "--timezone", "UTC")
    yield ("create", "spring", *spring, "--start", "2099-01-01")
    yield ("open", "spring")
    yield ("pause", "spring", "--reason", "An attack on cards")
    yield ("resume", "spring")
    yield ("extend", "spring", "--deadline", "2099-07-31", "--reason", "A storm")
    yield ("matching", "add", "spring", "--sponsor", "Ebb", "--pool", "100", "--until", "2099-05-01")  # fmt: skip
    yield ("matching", "end", "spring", "1")
    yield ("schedule", "add", "spring", "halfway", "--days", "100")
    yield ("schedule", "edit", "spring", "halfway", "--subject", "Half-way")
    yield ("offline", "import", str(checks), "--campaign", "spring")
    readers = folder / "readers.csv"
    readers.write_text("name,number,institution,address\nBo Lund,77,State Prison,1 Road|Salem\n")
    yield ("direct-mail", str(readers), str(folder / "readers.pdf"), "--campaign", "spring")
    yield ("close", "spring", "--reason", "All is paid for")
    yield ("staff", "add", "kim@example.org", "--role", "viewer")
    yield ("staff", "deactivate", "kim@example.org")
    yield ("subscribers", "import", str(people))
    yield ("subscribers", "remove", "eva@example.org")
    yield ("suppressions", "import", str(stopped))
    yield ("suppressions", "add", "eva@example.org")
    yield ("suppressions", "remove", "eva@example.org", "--reason", "She called")
    yield ("card-testing", "start", "--reason", "many declined cards")
    yield ("card-testing", "end")
    yield ("tokens", "add", "CRM", "--scope", "donations:read")
    yield ("tokens", "revoke", "1")
    yield ("webhooks", "add", "https://crm.example.org/in")
    yield ("webhooks", "disable", "1")
    yield ("mail", "resend", gifts["message"])
    yield ("events", "replay", gifts["event"])
    yield ("events", "recover")
    yield ("statements", gifts["year"], "--so-far")
    yield ("refund", gifts["gift"], "--amount", "10.00", "--yes")
    yield ("subscription", "change", gifts["monthly"], "30")
    yield ("subscription", "pause", gifts["monthly"], "--months", "1")
    yield ("subscription", "resume", gifts["monthly"])
    yield ("subscription", "cancel", gifts["monthly"])
    yield ("donor", "export", "monthly@example.org")
    yield ("export", "ledger", "--until", "2099-01-01")
    yield ("backup", str(folder / "everything.backup"))


def test_every_change_is_in_the_log(
    run: Run, gifts: dict[str, str], installation: Installation, tmp_path: Path
) -> None:
    known = sorted(CHANGES, key=len, reverse=True)
    done = set()
    for arguments in walk(gifts, tmp_path):
        command = next(one for one in known if " ".join(arguments).startswith(one))
        with installation.sessions() as session:
            before = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()
        ended = run(*arguments)
        assert ended.status == 0, (arguments, ended)
        with installation.sessions() as session:
            new = session.scalars(select(AuditEntry).where(AuditEntry.id.not_in(before))).all()
        assert CHANGES[command] in {one.action for one in new}, (command, [o.action for o in new])
        assert all(one.actor.startswith("command line: ") for one in new)
        # What erasing a person must remove is not in a log that is never changed.
        shown = [f"{one.subject_key}{one.after}" for one in new if "staff" not in command]
        assert not any("@example.org" in one for one in shown)
        done.add(command)
    assert done == set(CHANGES) - ELSEWHERE


def test_the_log_is_exported_with_its_filters(run: Run, campaign: Campaign) -> None:
    for email in ("ann@example.org", "ben@example.org"):
        assert run("suppressions", "add", email).status == 0
    assert run("suppressions", "remove", "ann@example.org", "--reason", "=She called").status == 0
    shown = list(csv.DictReader(io.StringIO(run("audit", "--action", "suppression.").out)))
    assert [one["action"] for one in shown] == [
        "suppression.added",
        "suppression.added",
        "suppression.removed",
    ]
    assert json.loads(shown[-1]["after"]) == {"reason": "=She called"}
    lines = run("audit", "--jsonl", "--action", "suppression.removed", "--who", shown[0]["actor"])
    (line,) = (json.loads(one) for one in lines.out.splitlines())
    assert (line["subject_key"], line["after"]) == ("a…@e….org", {"reason": "=She called"})
    assert run("audit", "--until", "2020-01-01", "--action", "suppression.").out.count("\n") == 1
    assert run("audit", "--since", "yesterday").status == 1
    assert '"since": "2020-01-01"' not in run("audit", "--since", "2020-01-01").out
    assert '""since"": ""2020-01-01""' in run("audit", "--action", "export.created").out
