"""Facts reported repeatedly and in any order: one row each, which keeps the strongest values."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from campaign.core.upsert import (
    either,
    first_known,
    get_or_insert,
    greatest,
    insert_once,
    later_in,
    latest,
    upsert_by_rules,
)
from campaign.runtime.context import Installation

ORDER = ("pending", "paid", "failed")


class OwnBase(DeclarativeBase):
    """A separate declarative base, because no table of the service uses all rules."""


class Fact(OwnBase):
    __tablename__ = "fact_of_a_test"

    id: Mapped[int] = mapped_column(primary_key=True)
    stripe_id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[int | None]
    refunded: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="pending")
    arrives: Mapped[date | None]
    itemized: Mapped[bool] = mapped_column(default=False)
    answer: Mapped[str] = mapped_column(default="")


RULES = {
    "owner": first_known,
    "refunded": greatest,
    "status": later_in(ORDER, by="status"),
    "arrives": later_in(ORDER, by="status"),
    "itemized": either,
}


@pytest.fixture(autouse=True)
def _table(installation: Installation) -> None:
    OwnBase.metadata.create_all(installation.engine)


def keep(installation: Installation, rules: Any = RULES, **values: Any) -> bool:
    with installation.sessions.begin() as session:
        return upsert_by_rules(session, Fact, {"stripe_id": "x_1", **values}, rules)


def kept(installation: Installation) -> dict[str, Any]:
    with installation.sessions() as session:
        row = session.scalars(select(Fact)).one()
        names = [one.key for one in inspect(Fact).column_attrs]
        return {name: getattr(row, name) for name in names if name not in {"id", "stripe_id"}}


def test_the_row_is_the_same_in_any_order(installation: Installation) -> None:
    facts: list[dict[str, Any]] = [
        {"owner": 7, "refunded": 300, "status": "pending", "arrives": date(2026, 12, 1)},
        {"refunded": 500, "status": "failed", "arrives": date(2026, 12, 3)},
        {"itemized": True, "status": "paid", "arrives": date(2026, 12, 2)},
    ]
    ends = []
    for shown in permutations(facts):
        for one in (*shown, shown[0]):
            keep(installation, **one)
        ends.append(kept(installation))
        with installation.sessions.begin() as session:
            session.execute(text("DELETE FROM fact_of_a_test"))
    assert ends == 6 * [
        {"owner": 7, "refunded": 500, "status": "failed", "arrives": date(2026, 12, 3),
         "itemized": True, "answer": ""},
    ]  # fmt: skip


def test_only_changes_count_as_new(installation: Installation) -> None:
    assert keep(installation, refunded=300)
    assert not keep(installation, refunded=300)
    assert not keep(installation, refunded=200)
    assert not keep(installation, status="a word of a later API"), "it counts as the first"
    assert keep(installation, owner=7)
    assert not keep(installation, owner=8)
    assert kept(installation)["owner"] == 7


def test_a_report_is_replaced_by_the_next(installation: Installation) -> None:
    for answer in ("no", "yes", "no"):
        assert keep(installation, {"answer": latest}, answer=answer)
    assert kept(installation)["answer"] == "no"


def test_a_constant_fact_is_inserted_once(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        assert insert_once(session, Fact, {"stripe_id": "x_1", "refunded": 1})
        assert not insert_once(session, Fact, {"stripe_id": "x_1", "refunded": 2})
    assert kept(installation)["refunded"] == 1


def test_a_row_is_found_or_created_and_locked(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        made = get_or_insert(session, Fact, {"stripe_id": "x_1", "refunded": 1})
    with installation.sessions.begin() as session:
        found = get_or_insert(session, Fact, {"stripe_id": "x_1", "refunded": 2})
        assert (found.id, found.refunded) == (made.id, 1)
        with installation.sessions.begin() as other:
            free = select(Fact).with_for_update(skip_locked=True)
            assert other.scalars(free).all() == []


def test_of_two_reports_of_the_same_rank_the_first_is_kept(installation: Installation) -> None:
    assert keep(installation, status="paid", arrives=date(2026, 12, 1))
    assert not keep(installation, status="paid", arrives=date(2026, 12, 9))
    assert kept(installation)["arrives"] == date(2026, 12, 1)
    assert keep(installation, status="failed", arrives=date(2026, 11, 1)), "a later status wins"
    assert kept(installation)["arrives"] == date(2026, 11, 1)


def test_a_reported_value_may_be_unknown_and_never_erases_one(installation: Installation) -> None:
    keep(installation, owner=7, refunded=300, itemized=True)
    assert not keep(installation, owner=None, refunded=0, itemized=False)
    found = kept(installation)
    assert (found["owner"], found["refunded"], found["itemized"]) == (7, 300, True)


def test_a_column_without_a_rule_keeps_its_first_value(installation: Installation) -> None:
    keep(installation, answer="first")
    assert keep(installation, answer="second", refunded=1)
    assert kept(installation)["answer"] == "first"


def test_facts_are_kept_apart_by_their_key(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        assert insert_once(session, Fact, {"stripe_id": "x_1", "refunded": 1})
        assert insert_once(session, Fact, {"stripe_id": "x_2", "refunded": 2})
        assert upsert_by_rules(session, Fact, {"stripe_id": "x_2", "refunded": 5}, RULES)
        assert get_or_insert(session, Fact, {"stripe_id": "x_1", "refunded": 9}).refunded == 1
        assert get_or_insert(session, Fact, {"stripe_id": "x_2", "refunded": 9}).refunded == 5


def test_a_locked_row_is_read_again_and_not_as_it_was_seen_before(
    installation: Installation,
) -> None:
    keep(installation, refunded=1)
    with installation.sessions.begin() as session:
        seen = session.scalars(select(Fact)).one()
        keep(installation, refunded=5)
        assert get_or_insert(session, Fact, {"stripe_id": "x_1"}) is seen
        assert seen.refunded == 5


def test_another_column_can_identify_a_fact(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.execute(text("CREATE UNIQUE INDEX ON fact_of_a_test (owner)"))
        assert insert_once(session, Fact, {"stripe_id": "x_1", "owner": 7}, key="owner")
        assert not insert_once(session, Fact, {"stripe_id": "x_2", "owner": 7}, key="owner")
        same = {"stripe_id": "x_3", "owner": 7, "refunded": 3}
        assert upsert_by_rules(session, Fact, same, {"refunded": greatest}, key="owner")
        assert (
            get_or_insert(session, Fact, {"stripe_id": "x_4", "owner": 7}, key="owner").refunded
            == 3
        )
    assert kept(installation)["owner"] == 7
