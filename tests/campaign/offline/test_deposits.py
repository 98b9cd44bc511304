"""Deposit batches: filled while open, closed once. The pages are tested in `web`."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.core.errors import AmountInvalid, DepositRefused, NotFound
from campaign.models import AuditEntry, Campaign, DepositBatch, OfflineGift, ReversalReason
from campaign.offline.deposits import (
    close_batch,
    find_batch,
    latest_batches,
    move_gifts,
    open_batch,
    open_batches,
    read_contents,
    undeposited_gifts,
)
from campaign.offline.entry import Choices
from campaign.offline.reversals import reverse
from campaign.runtime.context import Installation
from tests.support.offline_gifts import FINANCE, TODAY, Enter, days_ago, gift_of

NEW = Choices(waived=None, donor="new")


def opened(installation: Installation, name: str = "Monday", currency: str = "usd") -> int:
    with installation.sessions.begin() as session:
        return open_batch(session, name, currency, FINANCE, now()).id


def close(
    installation: Installation, batch: int, on: date = TODAY, reference: str = "B-77"
) -> DepositBatch:
    with installation.sessions.begin() as session:
        return close_batch(session, batch, on, reference, FINANCE, now())


def move(
    installation: Installation,
    batch: int,
    put_in: tuple[int, ...] = (),
    take_out: tuple[int, ...] = (),
) -> int:
    with installation.sessions.begin() as session:
        return move_gifts(session, batch, put_in, take_out, FINANCE)


def actions(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        named = select(AuditEntry.action).where(AuditEntry.action.startswith("deposit_batch."))
        return list(session.scalars(named.order_by(AuditEntry.id)))


def test_a_name_opens_one_batch_ignoring_case_and_is_recorded_once(
    installation: Installation,
) -> None:
    first = opened(installation, "  Monday   noon ", "USD")
    with ThreadPoolExecutor(3) as pool:
        again = set(pool.map(lambda _: opened(installation, "MONDAY NOON"), range(3)))
    assert again == {first}
    with installation.sessions() as session:
        assert find_batch(session, first).name == "Monday noon"
    assert actions(installation) == ["deposit_batch.opened"]
    with pytest.raises(DepositRefused, match="There is already a deposit named Monday noon"):
        opened(installation, "Monday noon", "eur")


def test_a_batch_needs_a_name_of_1_to_80_characters_and_a_valid_currency(
    installation: Installation,
) -> None:
    opened(installation, "A" * 80)
    for name in ("", " \t ", "A" * 81):
        with pytest.raises(DepositRefused, match="a deposit name of 1 to 80 characters"):
            opened(installation, name)
    with pytest.raises(AmountInvalid):
        opened(installation, "Tuesday", "xyz")


def test_a_closed_batch_keeps_its_name_its_gifts_and_how_it_was_closed(
    installation: Installation, enter: Enter
) -> None:
    batch = opened(installation)
    gift = gift_of(enter(Choices(batch_id=batch)))
    close(installation, batch, reference=f"  B   77 {'x' * 200}")
    again = close(installation, batch, date(2020, 1, 1), "other")
    assert (again.deposited_on, again.bank_reference) == (TODAY, f"B 77 {'x' * 95}")
    for refused in (
        lambda: opened(installation),
        lambda: move(installation, batch, take_out=(gift.id,)),
        lambda: enter(Choices(waived=None, donor="new", batch_id=batch), reference="2"),
    ):
        with pytest.raises(DepositRefused):
            refused()
    assert actions(installation) == ["deposit_batch.opened", "deposit_batch.closed"]
    with installation.sessions() as session:
        said = session.scalars(
            select(AuditEntry.after).where(AuditEntry.action == "deposit_batch.closed")
        ).one()
    assert said == {
        "name": "Monday",
        "deposited_on": str(TODAY),
        "bank_reference": f"B 77 {'x' * 95}",
        "gifts": 1,
        "total": 5000,
        "currency": "usd",
    }
    assert (again.opened_by, again.closed_by) == (FINANCE.name, FINANCE.name)
    assert again.closed_at is not None


def test_an_empty_or_missing_batch_cannot_be_closed(
    installation: Installation,
) -> None:
    batch = opened(installation)
    with pytest.raises(DepositRefused, match="Batch Monday is empty"):
        close(installation, batch)
    with pytest.raises(NotFound, match="no such deposit"):
        close(installation, batch + 1)
    with installation.sessions() as session, pytest.raises(NotFound):
        find_batch(session, batch + 1)


def test_moving_gifts_twice_moves_them_once_and_takes_none_from_another_batch(
    installation: Installation, enter: Enter
) -> None:
    monday, tuesday = opened(installation), opened(installation, "Tuesday")
    first, second = (gift_of(enter(NEW, reference=one)).id for one in ("1", "2"))
    assert move(installation, monday, put_in=(first, second)) == 2
    assert move(installation, monday, put_in=(first, second)) == 0
    assert move(installation, tuesday, put_in=(first,), take_out=(second,)) == 0
    assert move(installation, monday, take_out=(second,)) == 1
    assert move(installation, tuesday, put_in=(second, 999)) == 1
    with installation.sessions() as session:
        held = [tuple(row) for row in session.execute(select(OfflineGift.id, OfflineGift.batch_id))]
        changed = select(AuditEntry).where(AuditEntry.action == "deposit_batch.changed")
        said = session.scalars(changed.order_by(AuditEntry.id)).all()
    assert dict(held) == {first: monday, second: tuesday}
    assert [(one.actor, one.subject_key, one.after) for one in said] == [
        (FINANCE.name, str(monday), {"put_in": ["1", "2"], "taken_out": []}),
        (FINANCE.name, str(monday), {"put_in": [], "taken_out": ["2"]}),
        (FINANCE.name, str(tuesday), {"put_in": ["2"], "taken_out": []}),
    ]
    assert actions(installation).count("deposit_batch.changed") == 3


def test_one_gift_that_does_not_fit_rejects_all(installation: Installation, enter: Enter) -> None:
    with installation.sessions.begin() as session:
        new = NewCampaign(
            "euros", "E", "500", "2099-12-31", "Europe/Berlin", "eur", start=days_ago(21)
        )
        create_campaign(session, new)
    batch, good = opened(installation), gift_of(enter(reference="1")).id
    stock = gift_of(enter(NEW, kind="stock", description="40 shares", reference="2")).id
    euros = gift_of(enter(NEW, campaign="euros", reference="3")).id
    for other, words in (
        (stock, "cannot be added to a deposit"),
        (euros, "is in USD, but this gift is not"),
    ):
        with pytest.raises(DepositRefused, match=words):
            move(installation, batch, put_in=(good, other))
    with installation.sessions() as session:
        assert read_contents(session, find_batch(session, batch)).gifts == []
        assert [one.id for one in undeposited_gifts(session, "usd", 10)] == [good]
        assert [one.id for one in undeposited_gifts(session, "eur", 10)] == [euros]


def test_a_reversed_gift_cannot_be_added_to_a_batch(
    installation: Installation, enter: Enter
) -> None:
    batch, gift = opened(installation), gift_of(enter())
    with installation.sessions.begin() as session:
        session.add(gift)
        name = gift.donation.public_id
        reverse(session, name, ReversalReason.bounced, TODAY, FINANCE, installation.books, now())
    assert move(installation, batch, put_in=(gift.id,)) == 0
    with installation.sessions() as session:
        assert undeposited_gifts(session, "usd", 10) == []


def test_gifts_to_deposit_are_listed_newest_first_up_to_a_limit(
    installation: Installation, enter: Enter
) -> None:
    entered = [gift_of(enter(NEW, reference=str(number))).id for number in range(4)]
    move(installation, opened(installation), put_in=(entered[3],))
    with installation.sessions() as session:
        assert [one.id for one in undeposited_gifts(session, "usd", 2)] == [entered[2], entered[1]]
        assert len(undeposited_gifts(session, "usd", 10)) == 3


def test_contents_are_in_order_of_entry_with_checks_and_cash_separate(
    installation: Installation, enter: Enter
) -> None:
    batch = opened(installation)
    into = Choices(waived=None, donor="new", batch_id=batch)
    entered = [
        gift_of(enter(into, kind=kind, amount=amount, reference=amount)).id
        for kind, amount in (
            ("cash", "20"),
            ("check", "50"),
            ("cash", "3"),
            ("donor_advised_fund", "100"),
        )
    ]
    with installation.sessions() as session:
        held = read_contents(session, find_batch(session, batch))
        assert [one.id for one in held.gifts] == entered
        assert [one.id for one in held.checks] == [entered[1], entered[3]]
        assert (held.checks_total, held.cash_total, held.total) == (15000, 2300, 17300)


def test_batches_are_listed_newest_first_with_totals_page_by_page(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    first, second, third = (opened(installation, name) for name in ("A", "B", "C"))
    gift_of(enter(Choices(batch_id=first)))
    close(installation, first)
    with installation.sessions() as session:
        page = latest_batches(session, None, 2)
        assert [(one.batch.id, one.gifts, one.total) for one in page] == [
            (third, 0, 0),
            (second, 0, 0),
        ]
        (last,) = latest_batches(session, second, 2)
        assert (last.batch.id, last.gifts, last.total) == (first, 1, 5000)
        assert [one.id for one in open_batches(session)] == [third, second]
