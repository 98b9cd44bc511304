"""Payouts on the staff pages: newest first, page by page, each with its transactions and download."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from campaign.models import AuditEntry, Payout, PayoutItem, StaffRole
from campaign.reconciliation.payouts import PAGE
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker

MOMENT = datetime(2026, 12, 22, 12, tzinfo=UTC)


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def payout(number: int, amount: int = 1_000, *nets: int) -> Payout:
    return Payout(
        stripe_id=f"po_{number}",
        amount=amount,
        currency="usd",
        status="paid",
        arrival_date=date(2026, 12, 24),
        created_at=MOMENT,
        itemized=True,
        items_read_at=MOMENT if nets else None,
    )


def keep(installation: Installation, found: Payout, *nets: int) -> None:
    """Add a payout with transactions of these amounts."""
    with installation.sessions.begin() as session:
        session.add(found)
        session.flush()
        for place, net in enumerate(nets):
            session.add(
                PayoutItem(
                    payout_id=found.id,
                    balance_transaction_id=f"txn_{found.stripe_id}_{place}",
                    kind="charge",
                    source=f"=ch_{place}",
                    amount=net + 30,
                    fee=30,
                    net=net,
                    currency="usd",
                    created_at=MOMENT,
                )
            )


def shown(page: str) -> list[int]:
    return [int(one) for one in re.findall(r"/staff/payouts/po_(\d+)\"", page)]


def test_the_page_works_without_payouts(finance: StaffClient) -> None:
    page = finance.get("/staff/payouts")
    assert (page.status_code, shown(page.text)) == (200, [])


def test_payouts_are_listed_newest_first_page_by_page(
    finance: StaffClient, installation: Installation
) -> None:
    for number in range(1, PAGE + 3):
        keep(installation, payout(number))
    first = finance.get("/staff/payouts").text
    assert shown(first) == list(range(PAGE + 2, 2, -1))
    further = re.findall(r'href="(/staff/payouts\?before=\d+)"', first)[0]
    last = finance.get(further).text
    assert shown(last) == [2, 1]
    assert "before=" not in last
    assert shown(finance.get("/staff/payouts?before=x").text) == shown(first)


def test_a_payout_shows_whether_its_transactions_add_up(
    finance: StaffClient, installation: Installation
) -> None:
    keep(installation, payout(1, 1_000, 1), 600, 400)
    keep(installation, payout(2, 1_000, 1), 600, 399)
    assert "2; they add up to the payout" in finance.get("/staff/payouts/po_1").text
    wrong = finance.get("/staff/payouts/po_2").text
    assert "they add up to the payout" not in wrong
    assert "$0.01" in wrong


def test_its_transactions_download_without_formulas_and_the_download_is_recorded(
    finance: StaffClient, installation: Installation
) -> None:
    keep(installation, payout(1, 1_000, 1), 600, 400)
    answer = finance.get("/staff/payouts/po_1/items.csv")
    header, *rows = answer.text.splitlines()
    assert header.startswith("balance_transaction_id,kind,source,donation_id,amount,fee,net")
    assert [row.split(",")[2] for row in rows] == ["'=ch_0", "'=ch_1"]
    assert finance.get("/staff/payouts/po_none/items.jsonl").status_code == 404
    with installation.sessions() as session:
        made = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export.created")
        ).one()
    assert (made.subject_key, made.actor) == ("po_1", finance.member.email)
