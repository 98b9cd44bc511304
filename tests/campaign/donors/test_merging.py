"""Merging donors and undoing a merge, also concurrently."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import MergeRefused
from campaign.donors.merging import merge_donors, undo_merge
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    AuditEntry,
    Campaign,
    Donor,
    DonorMerge,
    OutboxMessage,
    Receipt,
    StaffRole,
)
from campaign.outreach.eligibility import ineligibility_reason
from campaign.receipts.receipts import valid_receipts
from campaign.receipts.statements import (
    COVERED_BY_CANONICAL_STATEMENT,
    covered_by_canonical_statement,
    queue_statements,
    recipients,
)
from campaign.runtime.context import Installation
from tests.support.donors import queue_appeal
from tests.support.stripe import Facts

MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)
Give = Callable[..., Facts]
Gave = Callable[..., int]


def test_concurrent_merges_in_both_directions_make_no_cycle(
    installation: Installation, gave: Gave
) -> None:
    one, other = gave("one@example.org"), gave("two@example.org")

    def merge(pair: tuple[int, int]) -> bool:
        try:
            with installation.sessions.begin() as session:
                return merge_donors(session, *pair, MIA).new
        except MergeRefused:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(merge, [(one, other), (other, one)])) == [False, True]
    with installation.sessions() as session:
        assert session.scalar(select(func.count(Donor.merged_into_id))) == 1


def test_the_database_rejects_a_chain_of_merges(installation: Installation, gave: Gave) -> None:
    first, second, third = (gave(f"{name}@example.org") for name in "abc")
    with installation.sessions.begin() as session:
        merge_donors(session, first, second, MIA)
    for merged, kept in ((third, second), (first, third)):
        with (
            pytest.raises(IntegrityError, match="cannot be the one that a merge keeps"),
            installation.sessions.begin() as session,
        ):
            session.get_one(Donor, merged).merged_into_id = kept


def test_merges_are_undone_in_reverse_order_and_restore_everything(
    installation: Installation, gave: Gave
) -> None:
    first, second, third = (gave(f"{name}@example.org") for name in "abc")

    def pointers() -> list[int | None]:
        with installation.sessions() as session:
            return list(session.scalars(select(Donor.merged_into_id).order_by(Donor.id)))

    def merged(kept: int, other: int) -> int:
        with installation.sessions.begin() as session:
            merge_donors(session, kept, other, MIA)
        with installation.sessions() as session:
            return len(list(session.scalars(select(AuditEntry.id)))) // 2

    def undo(merge_id: int) -> None:
        with installation.sessions.begin() as session:
            undo_merge(session, merge_id, MIA, now())

    early, late = merged(second, third), merged(first, second)
    assert pointers() == [None, first, first]
    with pytest.raises(MergeRefused, match="undo that merge first"):
        undo(early)
    undo(late)
    assert pointers() == [None, None, second]
    undo(early)
    assert pointers() == [None, None, None]


def test_one_statement_covers_all_merged_records(
    installation: Installation, campaign: Campaign, gave: Gave
) -> None:
    kept, merged = gave(), gave("ana@work.example", 10000)
    with installation.sessions.begin() as session:
        year = session.scalars(select(Receipt.gift_date)).all()[0].year
        queue_statements(session, year, "example.org")
        merge_donors(session, kept, merged, MIA)
    with installation.sessions() as session:
        assert [one.email for one in recipients(session, year)] == ["ana@example.org"]
        assert [one.amount for one in valid_receipts(session, kept, year)] == [2500, 10000]
        assert covered_by_canonical_statement(session, session.get_one(Donor, merged), year)
        assert not covered_by_canonical_statement(session, session.get_one(Donor, kept), year)
        assert list(broken_invariants(session)) == []
        merge_id = session.scalars(select(DonorMerge.id)).one()
    # The outbox drops it, and sends it after all once the merge is undone.
    of_merged = (OutboxMessage.donor_id == merged, OutboxMessage.kind == "statement")
    with installation.sessions.begin() as session:
        why = COVERED_BY_CANONICAL_STATEMENT.format(kept)
        dropped = update(OutboxMessage).where(*of_merged)
        session.execute(dropped.values(state="dropped", last_error=why))
        undo_merge(session, merge_id, MIA, now())
    with installation.sessions() as session:
        states = select(OutboxMessage.state).where(*of_merged)
        assert session.scalars(states).all() == ["queued"]


def test_a_donor_who_gave_from_another_address_gets_no_appeal(
    installation: Installation, campaign: Campaign, gave: Gave, give: Give
) -> None:
    giver, reader = gave(), give("ana@work.example").donation.donor_id
    claim = queue_appeal(installation, campaign, "ana@work.example")
    with installation.sessions.begin() as session:
        assert ineligibility_reason(session, claim, now()) == ""
        merge_donors(session, giver, reader, MIA)
    with installation.sessions() as session:
        assert "have given" in ineligibility_reason(session, claim, now())
