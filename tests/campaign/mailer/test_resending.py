"""Send all failed emails again: how many, why not the others, and by the same rules as a single one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.errors import ResendRefused
from campaign.mailer.resending import (
    BLOCK_TEXTS,
    plan_resend,
    resend_failed,
)
from campaign.mailer.suppressions import suppress
from campaign.mailer.undelivered import ResendBlock, block_of, resend
from campaign.models import Campaign, MailLane, MailOutage, OutboxMessage, SuppressionReason

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

CASES: list[tuple[dict[str, Any], ResendBlock | None]] = [
    ({}, None),
    ({"recipient": ""}, ResendBlock.erased),
    ({"expires_at": AT}, ResendBlock.expired),
    ({"expires_at": AT + MINUTE}, None),
    ({"begun_at": AT}, None),
    ({"bulk": True}, None),
    ({"bulk": True, "begun_at": AT}, ResendBlock.may_have_arrived),
    ({"state": "queued"}, ResendBlock.waiting),
    ({"state": "sending"}, ResendBlock.waiting),
    ({"state": "dropped"}, ResendBlock.dropped),
    ({"state": "sent", "sent_at": AT, "bulk": True}, ResendBlock.sent),
    ({"state": "sent", "sent_at": AT}, None),
]


def message(session: Session, number: int = 1, **values: Any) -> OutboxMessage:
    shown = {"kind": "receipt", "recipient": "ana@example.org", "state": "failed"}
    row = OutboxMessage(
        **{**shown, "subject_key": f"{number}", "message_id": f"<{number}>", **values}
    )
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(("values", "block"), CASES)
def test_a_block_is_what_a_single_resend_would_say(
    session: Session, values: dict[str, Any], block: ResendBlock | None
) -> None:
    row = message(session, **values)
    assert block_of(row, AT) is block
    if block is None:
        assert resend(session, row.id, AT).state == "queued"
        return
    assert BLOCK_TEXTS[block].endswith(".")
    with pytest.raises(ResendRefused):
        resend(session, row.id, AT)


def test_the_plan_and_what_is_done_agree_with_the_single_rules(session: Session) -> None:
    failed = [(values, block) for values, block in CASES if "state" not in values]
    rows = [message(session, number, **values) for number, (values, _) in enumerate(failed)]
    message(session, 99, kind="statement")
    plan = plan_resend(session, AT, "receipt")
    blocks = [block for _, block in failed]
    assert (plan.ready, plan.total) == (blocks.count(None), len(failed))
    assert dict(plan.blocked) == {block: 1 for block in blocks if block}
    assert resend_failed(session, AT, "receipt") == plan.ready
    for row, block in zip(rows, blocks, strict=True):
        session.refresh(row)
        assert (row.state == "queued") is (block is None)
        if block is None:
            assert (row.next_attempt_at, row.resent_at, row.begun_at) == (AT, AT, None)
    assert plan_resend(session, AT, None).ready == 1


def test_emails_that_may_have_arrived_go_out_only_on_request(session: Session) -> None:
    message(session, bulk=True, begun_at=AT)
    assert plan_resend(session, AT, None).ready == 0
    assert resend_failed(session, AT, None) == 0
    assert plan_resend(session, AT, None, even_if_it_arrived=True).ready == 1
    assert resend_failed(session, AT, None, even_if_it_arrived=True) == 1


def test_the_plan_counts_campaign_emails_to_addresses_that_are_suppressed(
    session: Session, campaign: Campaign
) -> None:
    for number, email in enumerate(("ana@example.org", "Ben@example.org", "eve@example.org")):
        message(session, number, recipient=email, bulk=True, kind="appeal", campaign_id=campaign.id)
    message(session, 9)
    suppress(session, "ana@example.org", SuppressionReason.refused)
    suppress(session, "ben@example.org", SuppressionReason.refused, campaign_id=campaign.id)
    plan = plan_resend(session, AT, None)
    assert (plan.ready, plan.suppressed) == (4, 2)


def test_without_failed_emails_there_is_nothing_to_do(session: Session) -> None:
    plan = plan_resend(session, AT, None)
    assert (plan.ready, plan.total, plan.suppressed) == (0, 0, 0)


@pytest.mark.parametrize("alone", [True, False], ids=["one", "all"])
def test_a_mail_server_that_refused_everybody_is_asked_again_at_once(
    session: Session, *, alone: bool
) -> None:
    row = message(session)
    stop = MailOutage(
        lane=MailLane.single,
        cause="relay",
        words="550 relay not permitted",
        refusal_key="relay",
        readers=3,
        opened_at=AT - MINUTE,
        probe_at=AT + MINUTE,
        probes=1,
    )
    session.add(stop)
    session.flush()
    if alone:
        resend(session, row.id, AT)
    else:
        resend_failed(session, AT, None)
    session.refresh(stop)
    assert stop.probe_at == AT
