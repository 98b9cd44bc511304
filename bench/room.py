"""A seeded installation, a test client signed in as an admin, and the pages to measure."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench.answers import DOCUMENT, Page
from bench.serving import installation_on
from campaign import create_app
from campaign.audit.audit_log import Actor
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core import clock
from campaign.integrations.tokens import Scope, create_token
from campaign.models import Donation, StaffRole
from campaign.runtime.context import Installation
from campaign.staff.members import add_member
from sandbox.seed.filling import SeedPlan, fill
from sandbox.servers import PrivatePostgres

GIFTS = 100_000
COMMAND_LINE = Actor("command line: bench", StaffRole.admin)


@dataclass(frozen=True)
class Scale:
    """How many gifts to seed, and the folder that keeps the database; None discards it."""

    gifts: int = GIFTS
    folder: Path | None = None


@dataclass(frozen=True)
class Room:
    """The installation to measure and a test client signed in as an admin."""

    installation: Installation
    app: Flask
    client: FlaskClient
    gifts: int


@contextmanager
def open_room(scale: Scale) -> Iterator[Room]:
    """Yield a seeded installation. A database that already has gifts is used as it is."""
    folder = scale.folder and scale.folder.absolute() / "postgres"
    with PrivatePostgres(folder, durable=True) as postgres, installation_on(postgres) as here:
        gifts = _gifts(here)
        if not gifts:
            fill(
                here, SeedPlan(scale.gifts, 3, 1, clock.now()), lambda line: print(line, flush=True)
            )
            gifts = _gifts(here)
        app = create_app(here)
        try:
            yield Room(here, app, signed_in(app, here), gifts)
        finally:
            app.extensions["live"].close()


def _gifts(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(Donation)).one()


def signed_in(app: Flask, installation: Installation) -> FlaskClient:
    """Return a client signed in through a one-time link and its button."""
    with installation.sessions.begin() as session:
        email = f"bench-{clock.now():%Y%m%d%H%M%S}@newsroom.example"
        added = add_member(session, email, StaffRole.admin, COMMAND_LINE, clock.now())
        path = make_staff_link(session, added.member, COMMAND_LINE.name, clock.now(), STAFF_LINK)
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    if token is None or client.post(path, data={"csrf_token": token[1]}).status_code != 303:
        raise RuntimeError(f"signing in at {path} failed")
    return client


def pages(room: Room) -> list[Page]:
    """Return the pages to measure, with searches that find something."""
    with room.installation.sessions() as session:
        known = _known(session)
        token = _api_token(session)
        session.commit()
    found = [
        Page("dashboard", "/staff/"),
        Page("dashboard of a campaign that is over", f"/staff/c/{known['past']}/dashboard"),
        Page("donations", "/staff/donations"),
        Page("donations, a page far back", f"/staff/donations?before={known['middle']}"),
        Page("donations, filtered", "/staff/donations?state=refunded&frequency=one_time&least=20"),
        *(
            Page(f"search by {name}", f"/staff/donations?q={quote(str(known[name]))}")
            for name in SEARCHED
        ),
        Page("donors by a common name", "/staff/donors?q=maria+smith"),
        Page("a donation", f"/staff/donations/{known['donation']}"),
        Page("a refunded donation", f"/staff/donations/{known['refunded']}"),
        Page("a donor", f"/staff/donors/{known['donor']}"),
        Page("the donor with most gifts", f"/staff/donors/{known['busiest']}"),
        Page("offline gifts", "/staff/offline"),
        Page("audit log", "/staff/audit"),
        Page("report", f"/staff/c/{known['past']}/report", target=DOCUMENT),
        Page("campaigns", "/staff/campaigns"),
        Page("books", "/staff/books"),
        Page("books, a month", f"/staff/books/{known['month']}", target=DOCUMENT),
        Page("payouts", "/staff/payouts"),
        Page("a payout", f"/staff/payouts/{known['payout']}"),
        Page("reconciliation", "/staff/reconciliations"),
    ]
    found += [
        Page(f"export of {what}, first bytes", f"/staff/exports/{what}.csv", first_bytes=True)
        for what in ("donations", "donors", "ledger", "receipts")
    ]
    found.append(Page("export of audit, first bytes", "/staff/audit/audit.csv", first_bytes=True))
    found += [
        Page(f"API, list of {what}", f"/api/v1/{what}", token=token)
        for what in ("donations", "donors", "ledger", "receipts", "subscriptions", "campaigns")
    ]
    return found


SEARCHED = (
    "a common name",
    "a rare name",
    "email",
    "amount",
    "receipt number",
    "Stripe id",
    "code",
    "nothing that is there",
)


def _known(session: Session) -> dict[str, Any]:
    """Return search terms and ids that exist in the seeded database."""
    paid = "FROM donation WHERE state = 'paid' AND payment_intent_id IS NOT NULL"

    def one(query: str) -> Any:
        return session.execute(text(query)).scalar_one()

    middle = one("SELECT max(id) / 2 FROM donation")
    near = f"{paid} AND id >= {middle} ORDER BY id LIMIT 1"
    return {
        "a common name": "maria",
        "a rare name": "zebulon quartermaine",
        "email": one(f"SELECT email {near}"),
        "amount": "25",
        "receipt number": one(
            "SELECT year || '-' || lpad(sequence::text, 6, '0') FROM receipt"
            " WHERE id >= (SELECT max(id) / 2 FROM receipt) ORDER BY id LIMIT 1"
        ),
        "Stripe id": one(f"SELECT payment_intent_id {near}"),
        "code": "harbor-vote",
        "nothing that is there": "nobody@nowhere.invalid",
        "middle": middle,
        "donation": one(f"SELECT public_id {near}"),
        "refunded": one(
            "SELECT max(public_id) FROM donation WHERE state IN ('refunded', 'dispute_lost')"
        ),
        "donor": one(f"SELECT donor_id {near}"),
        "busiest": one("SELECT donor_id FROM donation GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
        "payout": one("SELECT stripe_id FROM payout ORDER BY amount DESC LIMIT 1"),
        "past": one("SELECT slug FROM campaign ORDER BY deadline LIMIT 1"),
        "month": one(
            "SELECT to_char(max(charged_at) - interval '1 month', 'YYYY-MM') FROM donation"
        ),
    }


def _api_token(session: Session) -> str:
    every = [scope.value for scope in Scope]
    return create_token(session, "bench", every, COMMAND_LINE, clock.now()).secret
