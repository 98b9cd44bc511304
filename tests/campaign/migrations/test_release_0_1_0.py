"""A database that release 0.1.0 filled keeps everything through the upgrade, and the service goes on with it.

`release_0_1_0.zip` is what `campaign backup` of that release wrote: gifts by card and by bank debit, a monthly gift,
refunds, disputes won and lost, a returned debit, checks, direct mail, branding, a reconciliation.
"""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import func, select, text

from campaign import create_app, migrations
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.core.settings import Settings
from campaign.gateway import read_event
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    AuditEntry,
    Branding,
    DirectMailPiece,
    Donation,
    Heartbeat,
    LedgerEntry,
    OfflineGift,
    OutboxMessage,
    Receipt,
    ReconciliationRun,
    Subscription,
    TributeCard,
)
from campaign.runtime.context import Installation, make_installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events
from tests.support.databases import Databases
from tests.support.stripe import event

BACKUP = Path(__file__).with_name("release_0_1_0.zip")
REVISION = "0025"


def load(url: str) -> dict[str, int]:
    """Fill the tables from the backup as it is, without triggers; the number of rows by table."""
    rows = {}
    with zipfile.ZipFile(BACKUP) as archive, psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for part in json.loads(archive.read("manifest.json"))["parts"]:
            columns = sql.SQL(", ").join(map(sql.Identifier, part["columns"]))
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(part["table"]), columns)
            with connection.cursor().copy(into) as copy:
                copy.write(archive.read(f"tables/{part['table']}.copy"))
            if part["position"]:
                connection.execute(
                    "SELECT setval(pg_get_serial_sequence(quote_ident(%s), 'id'), %s)",
                    [part["table"], part["position"]],
                )
            rows[part["table"]] = part["rows"]
    return rows


def before_upgrade(url: str) -> dict[str, list[tuple[Any, ...]]]:
    queries = {
        "kinds": "SELECT kind, count(*), sum(amount), sum(cover) FROM ledger_entry GROUP BY 1 ORDER BY 1",
        "states": "SELECT state, count(*) FROM donation GROUP BY 1 ORDER BY 1",
        "raised": "SELECT campaign_id, sum(raised)::bigint FROM progress_shard GROUP BY 1 ORDER BY 1",
        "pages": "SELECT '/donations/' || token FROM donation UNION SELECT '/subscriptions/' || token FROM subscription"
        " UNION SELECT '/unsubscribe/' || token FROM outbox_message",
        "receipts": "SELECT token, frozen::text FROM receipt ORDER BY id",
        "designations": "SELECT id, fund FROM campaign ORDER BY id",
        "cards": "SELECT way, posted_at FROM tribute_card",
    }
    with psycopg.connect(url) as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


@pytest.fixture(scope="module")
def old(databases: Databases) -> Iterator[tuple[str, dict[str, list[tuple[Any, ...]]]]]:
    """The name of a database of release 0.1.0, upgraded; and what it held before."""
    name = databases.create()
    address = databases.address(name)
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations.__path__[0]))
    url = address.replace("postgresql://", "postgresql+psycopg://", 1)
    configuration.attributes["database_url"] = url
    command.upgrade(configuration, REVISION)
    assert load(address)["donation"] == 50
    held = before_upgrade(address)
    migrations.upgrade(url)
    yield name, held
    databases.drop(name)


@pytest.fixture
def held(old: tuple[str, dict[str, list[tuple[Any, ...]]]]) -> dict[str, list[tuple[Any, ...]]]:
    return old[1]


@pytest.fixture
def upgraded(
    databases: Databases,
    settings: Settings,
    old: tuple[str, dict[str, list[tuple[Any, ...]]]],
) -> Iterator[Installation]:
    """An installation on a copy of the upgraded database."""
    name = databases.create(old[0])
    url = databases.address(name).replace("postgresql://", "postgresql+psycopg://", 1)
    made = make_installation(replace(settings, database_url=url))
    yield made
    made.engine.dispose()
    databases.drop(name)


def test_the_ledger_is_consistent_and_every_sum_is_the_same(
    upgraded: Installation,
    held: dict[str, list[tuple[Any, ...]]],
) -> None:
    renamed = {"payment_failed": "payment_reversed", "reinstatement": "dispute_reversed"}
    sums = (
        func.count(),
        func.sum(LedgerEntry.amount),
        func.sum(LedgerEntry.fee_cover),
    )
    with upgraded.sessions() as session:
        assert list(broken_invariants(session)) == []
        kinds = session.execute(select(LedgerEntry.kind, *sums).group_by(LedgerEntry.kind)).all()
        states = session.execute(
            select(Donation.state, func.count()).group_by(Donation.state),
        ).all()
        raised = text("SELECT campaign_id, sum(raised)::bigint FROM progress_shard GROUP BY 1")
        assert sorted(tuple(row) for row in session.execute(raised)) == held["raised"]
        assert read_progress(session, find_campaign(session, "nine-days"), now()).raised > 0
    assert {tuple(row) for row in kinds} == {
        (renamed.get(kind, kind), *rest) for kind, *rest in held["kinds"]
    }
    assert {tuple(row) for row in states} == {
        ("dispute_lost" if state == "lost" else state, number) for state, number in held["states"]
    }
    assert {"payment_reversed", "dispute_reversed"} <= {kind for kind, *_ in kinds}


def test_every_old_link_still_opens(
    upgraded: Installation,
    held: dict[str, list[tuple[Any, ...]]],
) -> None:
    app = create_app(upgraded)
    client = app.test_client()
    try:
        for token, frozen in held["receipts"]:
            page = client.get(f"/receipts/{token}")
            assert page.status_code == 200, token
            assert json.loads(frozen)["organization_name"] in page.text
        token = held["receipts"][-1][0]
        assert client.get(f"/receipts/{token}.pdf").data.startswith(b"%PDF")
        paths = [path for (path,) in held["pages"]]
        assert {path.split("/")[1] for path in paths} == {
            "donations",
            "subscriptions",
            "unsubscribe",
        }
        with upgraded.sessions() as session:
            # What is printed from now on opens as well.
            paths += [f"/receipts/{one}" for one in session.scalars(select(Receipt.token))]
            paths += [f"/donations/{one}" for one in session.scalars(select(Donation.token))]
            names = session.scalars(text("SELECT token FROM receipt")).all()
        paths_of_names = [f"/receipts/{one}" for one in names]
        assert {client.get(path).status_code for path in paths_of_names} == {404}
        assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    finally:
        app.extensions["live"].close()
        app.extensions["visits"].close()


def test_a_monthly_gift_renews(upgraded: Installation) -> None:
    """Its renewal arrives after the upgrade and is one more donation, with its receipt and email."""
    with upgraded.sessions() as session:
        gift = session.scalars(
            select(Subscription)
            .where(Subscription.customer_id.is_not(None))
            .order_by(
                Subscription.id.desc(),
            ),
        ).first()
        assert gift is not None
        first = session.scalars(
            select(Donation).where(Donation.subscription_id == gift.id),
        ).one()
        assert (gift.amount, gift.fee_cover, gift.state) == (1000, 61, "active")
    created = int(now().timestamp())
    parts = {"donation_id": first.public_id, "gift": "1000", "cover": "61"}
    invoice = {
        "id": "in_after_the_upgrade",
        "object": "invoice",
        "billing_reason": "subscription_cycle",
        "amount_paid": 1061,
        "currency": "usd",
        "status_transitions": {"paid_at": created},
        "parent": {
            "type": "subscription_details",
            "subscription_details": {"subscription": gift.stripe_id, "metadata": parts},
        },
    }
    body = json.dumps(event("invoice.paid", invoice, created=created)).encode()
    with upgraded.sessions.begin() as session:
        store_event(session, read_event(body), body)
    apply_due_events(upgraded)
    with upgraded.sessions() as session:
        renewal = session.scalars(
            select(Donation).where(Donation.invoice_id == "in_after_the_upgrade"),
        ).one()
        assert (renewal.amount, renewal.fee_cover, renewal.state) == (1000, 61, "paid")
        assert renewal.receipt is not None
        queued = select(OutboxMessage).where(OutboxMessage.receipt_id == renewal.receipt.id)
        assert session.scalars(queued).one().state == "queued"
        assert list(broken_invariants(session)) == []


def test_every_renamed_row_is_there(
    upgraded: Installation,
    held: dict[str, list[tuple[Any, ...]]],
) -> None:
    with upgraded.sessions() as session:
        branding = session.scalars(select(Branding)).one()
        assert branding.masthead == "The River Ledger"
        reversed_gift = session.scalars(
            select(OfflineGift).where(OfflineGift.reversed_on.is_not(None)),
        ).one()
        assert reversed_gift.reversal_reason == "bounced"
        assert session.scalars(select(DirectMailPiece.name)).all() == ["Dale Cooper"]
        cards = session.execute(select(TributeCard.delivery, TributeCard.mailed_at)).all()
        assert [tuple(row) for row in cards] == held["cards"]
        run = session.scalars(select(ReconciliationRun)).one()
        assert run.discrepancy_count == len(run.discrepancies) == 32
        assert {"donation", "sentence", "repaired"} == set(run.discrepancies[0])
        actions = set(session.scalars(select(AuditEntry.action)))
        jobs = set(session.scalars(select(Heartbeat.job)))
        designations = text("SELECT id, designation FROM campaign ORDER BY id")
        assert [tuple(row) for row in session.execute(designations)] == held["designations"]
    assert {"branding.edited", "direct_mail.printed", "receipts.printed"} <= actions
    assert not {"house.edited", "posted_appeals.printed", "letters.printed"} & actions
    assert "match-returns" not in jobs
