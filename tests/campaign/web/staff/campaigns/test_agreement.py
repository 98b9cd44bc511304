"""Dashboard, progress.json, the ledger's export and its sum agree at every moment of a burst of gifts and refunds."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from campaign.core import clock
from campaign.ledger.exports import export_rows
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, LedgerEntry
from campaign.reporting.dashboard import begin_snapshot, read_dashboard
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_next_event
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts
from tests.support.waiting import wait_until

GIFTS = 420
REFUNDS = 80
WORKERS = 3


def one_moment(installation: Installation, slug: str) -> dict[str, int]:
    """Everything that knows the sum, in one snapshot of the database."""
    with installation.sessions() as session:
        begin_snapshot(session)
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        found = read_dashboard(session, campaign, clock.now())
        exported = sum(row["amount"] for row in export_rows(session, "ledger", campaign))
        entries = select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        summed = int(session.scalars(entries.where(LedgerEntry.campaign_id == campaign.id)).one())
    return {
        "raised": found.progress.raised,
        "exported": exported,
        "summed": summed,
        "days": found.totals[-1],
        "sizes": sum(one.amount for one in found.sizes),
        "sources": sum(one.tally.amount for one in found.sources),
        "frequencies": sum(one.amount for one in found.frequencies),
    }


def shown(page: str) -> int:
    """What the dashboard's page says is raised."""
    found = re.search(r'data-raised="(-?\d+)" data-pending="\d+"', page)
    assert found is not None
    return int(found[1])


def test_all_agree_at_every_moment_of_a_burst(
    app: Flask,
    installation: Installation,
    campaign: Campaign,
    give: Any,
    store: Any,
    staff: StaffMaker,
) -> None:
    facts: list[Facts] = [
        give(f"reader{number % 300}@example.org", 500 + number * 7, code=f"article-{number % 5}")
        for number in range(GIFTS)
    ]
    store(*(one.intent_succeeded() for one in facts))
    back = [one.refunded(f"re_{one.number}", 300 + one.number % 200) for one in facts[:REFUNDS]]
    viewer = staff()
    slug = campaign.slug

    def work(_: int) -> None:
        while apply_next_event(installation):
            pass

    moments: list[dict[str, int]] = []

    def watch(ahead: int) -> None:
        """While the workers work: what the page and progress.json say lies between the sums before and after."""
        with ThreadPoolExecutor(WORKERS) as pool:
            running = [pool.submit(work, number) for number in range(WORKERS)]
            while not all(one.done() for one in running):
                moments.append(one_moment(installation, slug))
                public = reported()
                page = shown(viewer.get(f"/staff/c/{slug}/dashboard").text)
                moments.append(one_moment(installation, slug))
                before, after = (ahead * moment["raised"] for moment in moments[-2:])
                assert before <= ahead * page <= after
                assert ahead * public <= after
            for one in running:
                one.result()

    def reported() -> int:
        return viewer.get(f"/c/{slug}/progress.json").get_json()["raised"]

    watch(ahead=1)
    # What is shown publicly may be a moment old: the refunds begin when it has caught up with the gifts.
    wait_until(lambda: reported() == one_moment(installation, slug)["raised"])
    store(*back)
    watch(ahead=-1)
    for moment in moments:
        assert len(set(moment.values())) == 1, moment
    assert len({moment["raised"] for moment in moments}) > 5, (
        "the burst was not watched while it went on"
    )
    last = one_moment(installation, slug)["raised"]
    assert shown(viewer.get(f"/staff/c/{slug}/dashboard").text) == last
    wait_until(lambda: reported() == last)
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
