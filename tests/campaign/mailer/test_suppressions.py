"""Suppressions: for one campaign or all, ignoring the case of the address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.mailer.suppression_lists import COLUMNS
from campaign.mailer.suppressions import (
    is_suppressed,
    list_suppressions,
    remove_suppression,
    suppress,
)
from campaign.models import Campaign, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
LEFT, BOUNCED = SuppressionReason.unsubscribed, SuppressionReason.bounced


def test_the_first_reason_stays_and_an_address_is_one_in_any_case(session: Session) -> None:
    assert suppress(session, "Ana@Example.org", LEFT, detail="by link")
    assert not suppress(session, "ana@example.ORG", BOUNCED, detail="550")
    (row,) = list_suppressions(session)
    assert (row["email"], row["reason"], row["detail"]) == (
        "ana@example.org", "unsubscribed", "by link",
    )  # fmt: skip
    assert is_suppressed(session, "ANA@example.org")
    assert not is_suppressed(session, "ben@example.org")


def test_one_campaign_s_appeals_are_not_another_s_and_all_are_each(
    installation: Installation, session: Session, campaign: Campaign
) -> None:
    other = add_campaign(installation).id
    suppress(session, "ana@example.org", LEFT, campaign_id=campaign.id)
    stopped = [is_suppressed(session, "ana@example.org", one) for one in (campaign.id, other, None)]
    assert stopped == [True, False, False]
    assert suppress(session, "ana@example.org", LEFT)
    stopped = [is_suppressed(session, "ana@example.org", one) for one in (campaign.id, other, None)]
    assert stopped == [True, True, True]


def test_the_list_is_in_order_of_arrival_with_the_campaign_s_name(
    session: Session, campaign: Campaign
) -> None:
    suppress(session, "z@example.org", LEFT, campaign_id=campaign.id)
    suppress(session, "a@example.org", BOUNCED)
    suppress(session, "b@example.org", SuppressionReason.refused, detail="550 5.1.1")
    session.execute(update(Suppression).values(created_at=AT))
    assert list(list_suppressions(session)) == [
        dict(zip(COLUMNS, row, strict=True))
        for row in (
            ("z@example.org", "nine-days", "unsubscribed", "", AT),
            ("a@example.org", "", "bounced", "", AT),
            ("b@example.org", "", "refused", "550 5.1.1", AT),
        )
    ]


def test_removing_a_suppression_removes_all_of_that_address_only(
    session: Session, campaign: Campaign
) -> None:
    for campaign_id in (None, campaign.id):
        suppress(session, "ana@example.org", LEFT, campaign_id=campaign_id)
    suppress(session, "banana@example.org", LEFT)
    assert remove_suppression(session, " Ana@example.org ") == 2
    assert remove_suppression(session, "ana@example.org") == 0
    assert [row["email"] for row in list_suppressions(session)] == ["banana@example.org"]


def test_two_at_once_are_one(installation: Installation) -> None:
    def put(number: int) -> bool:
        with installation.sessions.begin() as session:
            return suppress(session, "ana@example.org", LEFT, detail=str(number))

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(put, range(4))) == [False, False, False, True]
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 1
