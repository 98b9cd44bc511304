"""No request makes an error of ours, a trace, or markup: every route, hostile values, each role.

FUZZ_MINUTES goes on for longer (`python -m tests.fuzz --minutes 60`), FUZZ_SEED repeats a run.
"""

import os
import re
import secrets
import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from campaign.models import Campaign, Donation, Donor, Receipt, StaffRole
from campaign.runtime.context import Installation
from campaign.web.limits import limiter
from sandbox.outbox.receiver import MailReceiver
from tests.fuzz.crawl import Crawl, Visitor, crawl, field_names
from tests.support.donor_portal import open_donor_page
from tests.support.staff import StaffMaker

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or secrets.randbelow(1_000_000)
ATTEMPTS = 1_500
"""In the suite: each route about once."""


@pytest.fixture
def known(
    campaign: Campaign, gave: Callable[..., int], installation: Installation
) -> dict[str, list[str]]:
    """Values of the parts of addresses that exist."""
    gave("ana@example.org")
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
        receipt = session.scalars(select(Receipt)).one()
        donor = session.scalars(select(Donor)).one()
        return {
            "slug": ["nine-days"],
            "public_id": [donation.public_id],
            "token": [donation.token, receipt.token],
            "donor_id": [str(donor.id)],
            "locale": ["es"],
        }


@pytest.fixture
def visitors(
    app: Flask,
    known: dict[str, list[str]],
    staff: StaffMaker,
    mailing: Installation,
    mailbox: MailReceiver,
) -> dict[str, Visitor]:
    found = {"reader": Visitor(app.test_client())}
    donor = app.test_client()
    page = open_donor_page(donor, mailing, mailbox)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    found["donor"] = Visitor(donor, token)
    for role in StaffRole:
        member = staff(role, f"{role.value}@example.org")
        found[role.value] = Visitor(member, member.csrf_token())
    return found


@pytest.mark.timeout(int(MINUTES * 60) + 300)
def test_no_request_makes_an_error_a_trace_or_markup(
    app: Flask,
    visitors: dict[str, Visitor],
    known: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    end = time.monotonic() + MINUTES * 60

    def goes_on(done: Crawl) -> bool:
        return time.monotonic() < end if MINUTES else done.attempts < ATTEMPTS

    done = crawl(app, visitors, known, SEED, goes_on)
    counts = ", ".join(f"{status}: {number}" for status, number in sorted(done.statuses.items()))
    print(f"fuzz: seed {SEED}, {done.attempts} attempts, {done.errors} errors of ours; {counts}")
    assert done.faults == [], f"FUZZ_SEED={SEED}"
    assert done.statuses.get(200, 0) > done.attempts / 20, "hardly a page was reached"


def test_the_names_of_fields_are_found() -> None:
    names = field_names()
    assert {"amount", "email", "frequency", "lang", "since", "before", "card_message"} <= set(names)
    assert len(names) > 100
