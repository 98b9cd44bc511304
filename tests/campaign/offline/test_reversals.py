"""Reversals of offline gifts, and the receipts of each kind."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from campaign.core.clock import now
from campaign.core.errors import NotFound, OfflineGiftKnown, RefundRefused, ReversalRefused
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    AuditEntry,
    Donation,
    Donor,
    LedgerEntry,
    OfflineGift,
    OutboxMessage,
    Receipt,
    ReversalReason,
)
from campaign.offline.deposits import close_batch, find_batch, open_batch, read_contents
from campaign.offline.entry import Choices
from campaign.offline.reversals import ReversedGift, reversal_reasons, reverse
from campaign.receipts import pdf_documents
from campaign.receipts.print_queue import list_print_queue, mark_mailed
from campaign.receipts.receipts import receipt_context
from campaign.receipts.statements import recipients, statement_context
from campaign.refunds.refunds import RefundRequest, request_refund
from campaign.runtime.context import Installation
from tests.support.offline_gifts import FINANCE, HERE, TODAY, Enter, gift_of, shown_totals


def public_id(installation: Installation, gift: OfflineGift) -> str:
    with installation.sessions() as session:
        return session.get_one(Donation, gift.donation_id).public_id


def back(
    installation: Installation, gift: OfflineGift, reason: str = "bounced", on: date = TODAY
) -> ReversedGift:
    name = public_id(installation, gift)
    with installation.sessions.begin() as session:
        return reverse(
            session, name, ReversalReason(reason), on, FINANCE, installation.books, now()
        )


def sound(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(broken_invariants(session))


def receipts(installation: Installation) -> list[Receipt]:
    with installation.sessions() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.id)))


def test_a_bounced_check_is_subtracted_once_and_its_receipt_is_voided(
    installation: Installation, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042", email="ana@example.org"))
    assert back(installation, gift).new
    assert not back(installation, gift).new
    assert shown_totals(installation) == (0, 0, 0)
    first, void = receipts(installation)
    assert (first.kind, void.kind, void.amount) == ("receipt", "void", 0)
    given = first.frozen["gift_date_text"]
    assert void.frozen["wording"] == [
        f"The Harbor Ledger received your gift of $50 on {given}. The bank returned it unpaid.",
        f"This voids receipt {first.number}, which is no longer valid for tax purposes.",
    ]
    with installation.sessions() as session:
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id)).all()
        donation = session.scalars(select(Donation)).one()
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert len(session.scalars(select(OutboxMessage)).all()) == 2
    assert [(one.kind, one.amount, one.source) for one in entries] == [
        ("payment", 5000, "offline:1042"),
        ("payment_reversed", -5000, "offline:1042"),
    ]
    assert (donation.state, donation.state_reason) == ("failed", "the bank returned it unpaid")
    assert actions == ["offline_gift.entered", "offline_gift.bounced"]
    assert sound(installation) == []


def test_a_donor_notified_by_mail_is_notified_of_the_reversal_by_mail(
    installation: Installation, enter: Enter
) -> None:
    reported, untold = gift_of(enter(reference="1")), gift_of(enter(name="Ben", reference="2"))
    organization = installation.settings.organization
    with installation.sessions.begin() as session:
        sent_emails = list_print_queue(session, organization, None)
        mark_mailed(session, sent_emails[:1], now())
    back(installation, reported)
    back(installation, untold)
    with installation.sessions() as session:
        (sent_email,) = list_print_queue(session, organization, None)
    assert sent_email.context["kind"] == "void"
    assert sent_email.context["donor_name"] == "Ana Reyes"


def test_a_gift_entered_by_mistake_releases_its_reference(
    installation: Installation, enter: Enter
) -> None:
    wrong = gift_of(enter(reference="1042", amount="500"))
    back(installation, wrong, "mistake")
    gift_of(enter(Choices(donor="new"), reference="1042"))
    with pytest.raises(OfflineGiftKnown, match="1042"):
        enter(reference="1042")
    assert shown_totals(installation) == (5000, 1, 1)
    with installation.sessions() as session:
        sources = session.scalars(select(LedgerEntry.source).order_by(LedgerEntry.id)).all()
    assert sources == ["offline:1042", "offline:1042", "offline:1042:2"]
    assert sound(installation) == []


@pytest.mark.parametrize(
    ("reason", "action", "said"),
    [
        ("bounced", "offline_gift.bounced", "the bank returned it unpaid"),
        ("mistake", "offline_gift.mistaken", "it was entered by mistake"),
        ("returned", "offline_gift.returned", "it was returned to the donor"),
    ],
)
def test_a_reversal_takes_effect_at_noon_of_its_day_and_says_why(
    installation: Installation, enter: Enter, reason: str, action: str, said: str
) -> None:
    on = TODAY - timedelta(days=2)
    gift = gift_of(enter(reference="1042", received_on=str(on)))
    back(installation, gift, reason, on)
    with installation.sessions() as session:
        found = session.get_one(OfflineGift, gift.id)
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.amount < 0)).one()
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (found.reversal_reason, found.reversed_on) == (reason, on)
        assert (found.donation.state, found.donation.state_reason) == ("failed", said)
        local = entry.occurred_at.astimezone(found.donation.campaign.zone)
        assert (local.date(), local.hour, local.minute) == (on, 12, 0)
        assert (noted.actor, noted.action, noted.before) == (
            FINANCE.name,
            action,
            {"state": "paid"},
        )
        assert noted.after == {
            "state": "failed",
            "reference": "1042",
            "amount": 5000,
            "currency": "usd",
            "on": str(on),
        }


def test_a_reversal_before_noon_takes_effect_at_once(
    installation: Installation, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042"))
    morning = datetime.combine(TODAY, time(9, 30), tzinfo=HERE)
    with time_machine.travel(morning, tick=False):
        back(installation, gift)
    with installation.sessions() as session:
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.amount < 0)).one()
    assert entry.occurred_at == morning


@pytest.mark.parametrize(
    ("kind", "can_bounce"), [("check", True), ("daf", True), ("cash", False), ("stock", False)]
)
def test_only_paper_can_bounce(
    installation: Installation, enter: Enter, kind: str, *, can_bounce: bool
) -> None:
    gift = gift_of(enter(kind=kind, description="40 shares" if kind == "stock" else ""))
    assert (ReversalReason.bounced in reversal_reasons(gift)) is can_bounce
    assert {ReversalReason.mistake, ReversalReason.returned} <= set(reversal_reasons(gift))
    if can_bounce:
        assert back(installation, gift).new
    else:
        with pytest.raises(ReversalRefused, match="Only a check can bounce"):
            back(installation, gift)


def test_a_gift_through_stripe_is_no_offline_gift(installation: Installation) -> None:
    with installation.sessions() as session, pytest.raises(NotFound, match="don_none"):
        reverse(
            session, "don_none", ReversalReason.mistake, TODAY, FINANCE, installation.books, now()
        )  # fmt: skip


def test_invalid_reversals_are_rejected(installation: Installation, enter: Enter) -> None:
    cash = gift_of(enter(kind="cash"))
    with pytest.raises(ReversalRefused, match="Only a check can bounce"):
        back(installation, cash)
    with pytest.raises(ReversalRefused, match="is in the future"):
        back(installation, cash, "returned", TODAY + timedelta(days=2))
    with pytest.raises(ReversalRefused, match="before the gift was received"):
        back(installation, cash, "returned", TODAY - timedelta(days=1))
    with installation.sessions() as session:
        assert session.scalars(select(OfflineGift.reversal_reason)).all() == [None]
    assert shown_totals(installation) == (5000, 1, 1)


def test_a_reversed_gift_leaves_an_open_batch_and_stays_in_a_closed_one(
    installation: Installation, enter: Enter
) -> None:
    with installation.sessions.begin() as session:
        names = [open_batch(session, one, "usd", FINANCE, now()).id for one in ("A", "B")]
    gifts = [
        gift_of(enter(Choices(batch_id=batch, donor="new"), reference=str(batch), name=f"N{batch}"))
        for batch in names
    ]
    with installation.sessions.begin() as session:
        close_batch(session, names[1], TODAY, "slip 7", FINANCE, now())
    for gift in gifts:
        back(installation, gift)
    with installation.sessions() as session:
        held = [read_contents(session, find_batch(session, one)).total for one in names]
    assert held == [0, 5000]


def test_an_offline_gift_is_not_refunded_through_stripe(
    installation: Installation, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042"))
    asked = RefundRequest(public_id(installation, gift), None, "fay", "token-12345")
    with (
        installation.sessions() as session,
        pytest.raises(RefundRefused, match=r"1042.*Offline gifts"),
    ):
        request_refund(session, asked, now())


@pytest.mark.parametrize(
    ("kind", "description", "locale", "heading", "amount_text", "says", "silent"),
    [
        ("check", "", "en", "Receipt", "$50", "tax-deductible", "recommendation"),
        ("cash", "", "es", "Recibo", "$50", "deducible", "recomendación"),
        ("stock", "40 shares of Example Corp", "en", "Receipt", "40 shares of Example Corp", "does not state", "$"),
        ("stock", "40 acciones de Example", "es", "Recibo", "40 acciones de Example", "valor", "$"),
        ("daf", "Reyes Family Fund", "en", "Acknowledgment", "$50", "not a tax receipt", "deductible"),
        ("daf", "", "es", "Constancia", "$50", "no es un recibo", "deducible"),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_receipt_text(
    installation: Installation, client: FlaskClient, enter: Enter, kind: str, description: str, locale: str,
    heading: str, amount_text: str, says: str, silent: str,
) -> None:  # fmt: skip
    with installation.sessions.begin() as session:
        session.add(Donor(email="ana@example.org", name="Ana Reyes", locale=locale))
    gift_of(enter(kind=kind, description=description, email="ana@example.org"))
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
        shown = receipt_context(receipt)
        statements = recipients(session, TODAY.year)
        listed: dict[str, Any] = {}
        if statements:
            listed = statement_context(
                session, statements[0].donor_id, TODAY.year, installation.settings.organization
            )
    words = " ".join(shown["wording"])
    assert shown["amount_text"] == amount_text
    assert says in words
    assert silent not in words
    page = PdfReader(BytesIO(pdf_documents.receipt_pdf(shown))).pages[0].extract_text()
    assert f"{heading} {shown['number']}" in page
    there = client.get(f"/receipts/{receipt.token}").text
    assert f"<h1>{heading} {shown['number']}</h1>" in there
    assert f"<strong>{amount_text}</strong>" in there
    assert bool(statements) is (kind != "daf")
    if kind == "stock":
        assert (listed["gifts"][0]["amount_text"], listed["totals"]) == (description, [])
