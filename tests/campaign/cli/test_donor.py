"""`campaign donor`: export everything, then erase everything that identifies the person."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from stripe import StripeClient

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.donors.merging import merge_donors
from campaign.donors.notes import add_donation_note, add_donor_note
from campaign.mailer.suppressions import suppress
from campaign.models import (
    Base,
    Campaign,
    Donation,
    Donor,
    InboxEvent,
    StaffRole,
    Subscriber,
    SuppressionReason,
)
from campaign.receipts.statements import queue_statements
from campaign.runtime.context import Installation
from campaign.stripe_events.recovery import recover_events
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Run
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.refunds import pay

MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)
TRACES = ("ana@", "ana called", "ana is", "reyes", "grandmother", "confidential")
"""What Ana entered, and what others wrote about her."""


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def ana(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> Donation:
    """Two gifts of one person under two addresses, with all related rows, and a gift of Ben's."""
    said = {
        "name": "Ana Reyes",
        "comment": "For grandmother",
        "tribute_kind": "memory",
        "tribute_name": "Grandmother Reyes",
    }
    at_stripe = StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    at_stripe.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    stripe.deliver("lose")
    first = pay(client, installation, stripe, **said)
    second = pay(client, installation, stripe, email="ana@work.example", attempt="b")
    pay(client, installation, stripe, email="ben@example.org", attempt="c", name="Ben")
    assert recover_events(installation, now() - timedelta(days=1)).new
    with installation.sessions.begin() as session:
        merge_donors(session, first.donor_id, second.donor_id, MIA)
        add_donor_note(session, session.get_one(Donor, first.donor_id), "Confidential: Ana", MIA)
        add_donation_note(session, session.get_one(Donation, second.id), "Ana called", MIA)
        session.add(Subscriber(email="Ana@example.org", consent_source="form", consent_at=now()))
        suppress(session, "ana@work.example", SuppressionReason.bounced, detail="ana is unknown")
        queue_statements(session, now().year, "example.org")
    return first


def everything(installation: Installation) -> str:
    """The whole database as text, in lower case."""
    found = []
    with installation.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = connection.execute(text(f"SELECT row_to_json(t)::text FROM {table.name} AS t"))
            found += [row[0] for row in rows]
        for body in connection.execute(select(InboxEvent.body)):
            found.append(body[0].decode())
    return "\n".join(found).lower()


def test_all_personal_data_is_exported(run: Run, ana: Donation) -> None:
    ended = run("donor", "export", "ANA@example.org")
    assert (ended.status, ended.errors) == (0, [])
    held = json.loads(ended.out)
    assert held["addresses"] == ["ana@example.org", "ana@work.example"]
    assert [one["amount"] for one in held["donations"]] == [2500, 2500]
    assert [one["text"] for one in held["notes"]] == ["Confidential: Ana", "Ana called"]
    assert len(held["receipts"]) == 2
    assert held["consent"][0]["email"] == "Ana@example.org"
    assert held["suppressions"][0]["email"] == "ana@work.example"
    assert ana.token not in ended.out
    assert "ben@example.org" not in ended.out


def test_erasing_keeps_the_ledger_and_removes_the_person(
    run: Run, ana: Donation, installation: Installation
) -> None:
    ledger = run("export", "ledger").out
    refused = run("donor", "erase", "ana@work.example")
    assert refused.status == 1
    assert "Add --yes" in refused.errors[0]
    done = run("donor", "erase", "ana@work.example", "--yes")
    assert (done.status, done.errors) == (0, [])
    assert "2 donations" in done.out
    left = everything(installation)
    for trace in TRACES:
        assert trace not in left, left[left.index(trace) - 300 : left.index(trace) + 60]
    assert "ben@example.org" in left
    assert run("export", "ledger").out == ledger
    assert run("ledger", "check").status == 0
    again = run("donor", "erase", "ana@work.example", "--yes")
    assert (again.status, again.out) == (0, "No data found for ana@work.example.\n")
    with installation.sessions() as session:
        assert session.get_one(Donation, ana.id).public_id == ana.public_id
        event_ids = session.scalars(select(InboxEvent.id)).all()
    for event_id in event_ids[:1]:
        assert run("events", "replay", event_id).status == 0


def test_an_active_or_unpaid_gift_prevents_erasure(
    run: Run,
    client: FlaskClient,
    campaign: Campaign,
    installation: Installation,
    stripe: StripeSandbox,
) -> None:
    form = {"amount": "25", "email": "ana@example.org", "attempt": "a", "name": "Ana"}
    client.post("/c/nine-days/donate", data=form | {"frequency": "one_time"})
    ended = run("donor", "erase", "ana@example.org", "--yes")
    assert ended.status == 1
    assert "may still be paid" in ended.errors[0]
    with installation.sessions() as session:
        waiting = session.scalars(select(Donation)).one()
    stripe.pay(waiting.session_id or "")
    client.get(f"/donations/{waiting.token}")
    pay(client, installation, stripe, frequency="monthly", attempt="b")
    ended = run("donor", "erase", "ana@example.org", "--yes")
    assert ended.status == 1
    assert "campaign subscription cancel sub_" in ended.errors[0]
