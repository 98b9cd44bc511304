"""Suppressions: for one campaign or all, ignoring the case of the address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.mailer.suppression_lists import COLUMNS
from campaign.mailer.suppressions import (
    NO_LONGER_SUPPRESSED,
    SUPPRESSED,
    count_refused,
    is_suppressed,
    list_refused,
    list_suppressions,
    remove_refused,
    remove_suppression,
    suppress,
    take_back_refusal,
)
from campaign.models import Campaign, OutboxMessage, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
LEFT, BOUNCED = SuppressionReason.unsubscribed, SuppressionReason.bounced
REFUSED = SuppressionReason.refused


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


def reasons(session: Session) -> dict[str, str]:
    return {str(row["email"]): str(row["reason"]) for row in list_suppressions(session)}


@pytest.mark.parametrize("reason", [LEFT, BOUNCED, SuppressionReason.complained])
def test_another_reason_replaces_a_refusal_and_outlasts_its_undoing(
    session: Session, reason: SuppressionReason
) -> None:
    since = clock.now() - timedelta(days=1)
    suppress(session, "ana@example.org", REFUSED, detail="550 5.1.1")
    assert suppress(session, "Ana@example.org", reason, detail="by link")
    assert not suppress(session, "ana@example.org", REFUSED, detail="550 again")
    assert remove_refused(session, since) == 0
    assert reasons(session) == {"ana@example.org": reason}


def test_what_refusals_made_since_then_is_counted_listed_and_removed(session: Session) -> None:
    for number, address in enumerate(("ana@example.org", "ben@example.org", "eva@example.org")):
        suppress(session, address, REFUSED)
        session.execute(
            update(Suppression)
            .where(Suppression.email == address)
            .values(created_at=AT + timedelta(hours=number))
        )
    suppress(session, "ida@example.org", LEFT)
    since = AT + timedelta(hours=1)
    assert count_refused(session, since) == 2
    assert [one.email for one in list_refused(session, since, 1)] == ["eva@example.org"]
    assert remove_refused(session, since) == 2
    assert reasons(session) == {"ana@example.org": "refused", "ida@example.org": "unsubscribed"}
    assert remove_refused(session, since) == count_refused(session, since) == 0


def test_one_refusal_is_taken_back_unless_there_is_another_reason_by_now(session: Session) -> None:
    suppress(session, "ana@example.org", REFUSED)
    number = session.scalars(select(Suppression.id)).one()
    suppress(session, "ana@example.org", LEFT)
    take_back_refusal(session, number)
    assert reasons(session) == {"ana@example.org": "unsubscribed"}
    session.execute(update(Suppression).values(reason="refused"))
    take_back_refusal(session, number)
    assert reasons(session) == {}


@pytest.mark.parametrize(
    ("values", "again"),
    [
        ({}, True),
        ({"state": "sent", "sent_at": AT}, False),
        ({"last_error": "They have given to this campaign in the meantime."}, False),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, False),
        ({"recipient": "ben@example.org"}, False),
        ({"recipient": "eva@example.org"}, False),
    ],
)
def test_emails_that_were_dropped_for_a_refusal_can_be_resent(
    session: Session, campaign: Campaign, values: dict[str, object], again: bool
) -> None:
    suppress(session, "ana@example.org", REFUSED)
    suppress(session, "eva@example.org", REFUSED)
    suppress(session, "eva@example.org", LEFT, campaign_id=campaign.id)
    row = OutboxMessage(
        **{
            "kind": "appeal",
            "subject_key": "1",
            "recipient": "Ana@example.org",
            "campaign_id": campaign.id,
            "bulk": True,
            "message_id": "<1@example.org>",
            "state": "dropped",
            "last_error": SUPPRESSED,
            **values,
        }
    )
    session.add(row)
    session.flush()
    before = (row.state, row.last_error)
    assert remove_refused(session, clock.now() - timedelta(days=1)) == 2
    session.refresh(row)
    assert (row.state, row.last_error) == (("failed", NO_LONGER_SUPPRESSED) if again else before)


def test_removing_one_that_was_refused_lets_its_emails_be_resent_too(session: Session) -> None:
    suppress(session, "ana@example.org", REFUSED)
    session.add(
        OutboxMessage(
            kind="appeal",
            subject_key="1",
            recipient="ana@example.org",
            message_id="<1@example.org>",
            state="dropped",
            last_error=SUPPRESSED,
        )
    )
    session.flush()
    assert remove_suppression(session, "ana@example.org") == 1
    assert session.scalars(select(OutboxMessage.state)).one() == "failed"
