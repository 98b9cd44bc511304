"""Searching the audit log: filters, pages and the text of changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.models import AuditEntry, Campaign
from campaign.reporting.audit_search import (
    COLUMNS,
    AuditFilters,
    Change,
    audit_rows,
    changes,
    known_actions,
    read_page,
)
from campaign.runtime.context import Installation

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def write(session: Session, *actions: str, **values: Any) -> list[int]:
    rows = [
        AuditEntry(
            **{"actor": "ana", "action": one, "subject_kind": "donor", "subject_key": "7", **values}
        )
        for one in actions
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def found(session: Session, **filters: Any) -> list[int]:
    return [row["id"] for row in audit_rows(session, AuditFilters(**filters))]


def test_paging_to_the_oldest_and_back_has_no_gaps_or_repeats(
    installation: Installation,
) -> None:
    with installation.sessions() as session:
        ids = write(session, *["donor.corrected"] * 5)[::-1]

        def page(**at: int) -> tuple[list[int], int | None, int | None]:
            shown = read_page(session, AuditFilters(), limit=2, **at)
            return [one.entry.id for one in shown.lines], shown.newer, shown.older

        assert page() == (ids[:2], None, ids[1])
        assert page(before=ids[1]) == (ids[2:4], ids[2], ids[3])
        assert page(before=ids[3]) == (ids[4:], ids[4], None)
        assert page(after=ids[4]) == (ids[2:4], ids[2], ids[3])
        assert page(after=ids[2]) == (ids[:2], None, ids[1])
        assert page(before=ids[4]) == page(after=ids[0]) == ([], None, None)


def test_a_page_that_is_exactly_full_has_no_older_one(installation: Installation) -> None:
    with installation.sessions() as session:
        assert read_page(session, AuditFilters()).lines == []
        write(session, "donor.corrected", "donor.noted")
        assert read_page(session, AuditFilters(), limit=2).older is None


def test_a_page_has_fifty_entries(installation: Installation) -> None:
    with installation.sessions() as session:
        ids = write(session, *["donor.noted"] * 51)[::-1]
        shown = read_page(session, AuditFilters())
        assert [one.entry.id for one in shown.lines] == ids[:50]
        assert (shown.newer, shown.older) == (None, ids[49])


def test_a_time_range_includes_its_start_and_excludes_its_end(
    installation: Installation,
) -> None:
    with installation.sessions() as session:
        before, first, last, after = (
            write(session, "donor.noted", at=at)[0]
            for at in (
                NOON - MOMENT,
                NOON,
                NOON + timedelta(days=1) - MOMENT,
                NOON + timedelta(days=1),
            )
        )
        assert found(session, since=NOON, until=NOON + timedelta(days=1)) == [first, last]
        assert found(session, since=NOON + MOMENT) == [last, after]
        assert found(session, until=NOON) == [before]


def test_filters_are_exact_and_combine(installation: Installation, campaign: Campaign) -> None:
    with installation.sessions() as session:
        (one,) = write(session, "donor.noted", campaign_id=campaign.id, actor="bo")
        (other,) = write(session, "donor.noted", subject_key="77")
        assert found(session) == [one, other]
        assert found(session, campaign="nine-days") == found(session, actor="bo") == [one]
        assert found(session, subject_kind="donor", subject_key="77") == [other]
        assert found(session, subject_key="7", actor="ana") == []
        for nobody in ({"actor": "b"}, {"actor": "BO"}, {"campaign": "nine"}, {"subject_key": "%"}):
            assert found(session, **nobody) == []


def test_an_action_filter_is_a_full_name_or_a_noun_with_a_dot(installation: Installation) -> None:
    with installation.sessions() as session:
        gift, batch, lookalike = write(
            session, "offline_gift.entered", "offline_gifts.imported", "offlinexgift.entered"
        )
        assert found(session, action="offline_gift.") == [gift]
        assert found(session, action="offline_gifts.imported") == [batch]
        assert found(session, action="offlinexgift.") == [lookalike]
        assert found(session, action="offline_gift") == found(session, action="%.") == []


def test_an_export_is_oldest_first_and_includes_the_campaign(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions() as session:
        write(session, "donor.noted", at=NOON, before={"a": 1}, after={"a": None})
        write(session, "campaign.paused", campaign_id=campaign.id)
        rows = list(audit_rows(session, AuditFilters()))
        assert [row["campaign"] for row in rows] == ["", "nine-days"]
        assert tuple(rows[0]) == COLUMNS
        assert (rows[0]["at"], rows[0]["before"], rows[0]["after"]) == (NOON, {"a": 1}, {"a": None})
        shown = read_page(session, AuditFilters(campaign="nine-days")).lines
        assert [(one.entry.action, one.campaign) for one in shown] == [
            ("campaign.paused", "nine-days")
        ]


def test_known_actions_are_distinct_and_sorted(installation: Installation) -> None:
    with installation.sessions() as session:
        assert known_actions(session) == []
        write(
            session,
            "donor.noted",
            "audit.exported",
            "donor.noted",
            "staff_member.added",
            "donor.merged",
        )
        assert known_actions(session) == [
            "audit.exported",
            "donor.merged",
            "donor.noted",
            "staff_member.added",
        ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({}, {}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"b": 1}, {"a": 2, "b": 3}, [Change("b", "1", "3"), Change("a", "", "2")]),
        ({"a": False}, {"a": True}, [Change("a", "no", "yes")]),
        ({"a": ["x", None]}, {}, [Change("a", "x, ", "")]),
        ({}, {"a": {"en": True, "es": ["y"]}}, [Change("a", "", "en: yes; es: y")]),
        ({"a": None}, {"a": 0}, [Change("a", "", "0")]),
    ],
)
def test_changes_keep_the_order_of_recording(
    before: dict[str, Any], after: dict[str, Any], shown: list[Change]
) -> None:
    assert changes(before, after) == shown
