"""What nobody needs any more loses its names on time, and what is still needed keeps them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    FileImport,
    FileImportPart,
    InboxEvent,
    OutboxMessage,
    StripeRequest,
    TributeCard,
    WebhookDelivery,
    WebhookEndpoint,
)
from campaign.privacy import expired_rows
from campaign.privacy.expired_rows import (
    forget_abandoned_gifts,
    purge_deliveries,
    purge_uploads,
    redact_old_emails,
    redact_old_events,
    redact_old_requests,
)
from tests.support.donors import add_donation, add_donor
from tests.support.personal_data import everything_of

BLINK = timedelta(seconds=1)


def add_event(session: Session, key: str, state: str, **more: object) -> None:
    body = {"data": {"object": {"amount": 2500, "receipt_email": "ana@example.org"}}}
    session.add(
        InboxEvent(
            id=key, type="x", body=json.dumps(body).encode(), occurred_at=now(), state=state, **more
        )
    )
    session.flush()


def named_events(session: Session) -> set[str]:
    session.expire_all()
    return {one.id for one in session.scalars(select(InboxEvent)) if b"ana@" in one.body}


def test_an_event_loses_names_when_its_time_is_over_and_a_waiting_one_never(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired_rows, "BATCH", 1)
    at = now()
    old = at - expired_rows.EVENTS
    add_event(session, "done", "done", finished_at=old - BLINK)
    add_event(session, "ignored", "ignored", finished_at=old - 2 * BLINK)
    add_event(session, "young", "done", finished_at=old + BLINK)
    add_event(session, "held", "held")
    assert [redact_old_events(session, at) for _ in range(3)] == [1, 1, 0]
    assert named_events(session) == {"young", "held"}
    kept = json.loads(session.get_one(InboxEvent, "done").body)
    assert kept["data"]["object"] == {"amount": 2500, "receipt_email": None}


def test_a_request_loses_the_address_and_keeps_the_rest(
    session: Session, campaign: Campaign
) -> None:
    gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
    for number, ago in ((1, expired_rows.REQUESTS + BLINK), (2, expired_rows.REQUESTS - BLINK)):
        session.add(
            StripeRequest(
                donation_id=gift.id, operation="checkout_session", ordinal=number,
                idempotency_key=f"k{number}", created_at=now() - ago,
                parameters={"customer_email": "ana@example.org", "mode": "payment"},
            )
        )  # fmt: skip
    session.flush()
    assert [redact_old_requests(session, now()) for _ in range(2)] == [1, 0]
    session.expire_all()
    rows = session.scalars(select(StripeRequest.parameters).order_by(StripeRequest.ordinal))
    assert [sorted(one) for one in rows] == [["mode"], ["customer_email", "mode"]]


def test_a_delivery_is_deleted_and_one_that_is_due_is_not(session: Session) -> None:
    endpoint = WebhookEndpoint(url="https://db", secret="s", events=[], created_by="ada")
    session.add(endpoint)
    session.flush()
    at = now()
    for number, (state, ago) in enumerate(
        (
            ("delivered", expired_rows.DELIVERIES + BLINK),
            ("failed", expired_rows.DELIVERIES + BLINK),
            ("queued", expired_rows.DELIVERIES + BLINK),
            ("delivered", expired_rows.DELIVERIES - BLINK),
        )
    ):
        session.add(
            WebhookDelivery(
                endpoint_id=endpoint.id, kind="subscriber.added", subject_key=str(number),
                facts={"email": "ana@example.org"}, state=state, occurred_at=at - ago,
                delivered_at=at if state == "delivered" else None,
            )
        )  # fmt: skip
    session.flush()
    assert purge_deliveries(session, at) == 2
    assert session.scalars(select(WebhookDelivery.subject_key).order_by("subject_key")).all() == [
        "2",
        "3",
    ]


def test_an_old_email_loses_its_recipient_and_a_queued_one_does_not(
    session: Session, campaign: Campaign
) -> None:
    everything_of(session, campaign, "xanthippe")
    row = session.scalars(select(OutboxMessage)).one()
    row.created_at = now() - expired_rows.EMAILS - BLINK
    session.flush()
    assert (row.state, redact_old_emails(session, now())) == ("queued", 0)
    row.state, row.sent_at = "sent", now()
    session.flush()
    assert [redact_old_emails(session, now()) for _ in range(2)] == [1, 0]
    session.expire_all()
    assert (row.recipient, row.state) == ("", "sent")


@pytest.mark.parametrize("state", ["pending", "declined", "expired", "failed"])
def test_a_gift_that_was_never_paid_loses_its_donor(
    session: Session, campaign: Campaign, state: str
) -> None:
    donor = everything_of(session, campaign, "xanthippe")
    long_ago = now() - expired_rows.ABANDONED - BLINK
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(update(Donation).values(state=state, created_at=long_ago))
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.expire_all()
    assert forget_abandoned_gifts(session, now()) == 1
    session.expire_all()
    gift = session.scalars(select(Donation)).one()
    assert (gift.email, gift.name, gift.comment, gift.amount) == ("", "", "", 2500)
    assert session.scalar(select(func.count()).select_from(TributeCard)) == 0
    assert session.get_one(Donor, donor.id).erased_at is None, "there is more of this donor"
    assert forget_abandoned_gifts(session, now()) == 0


def test_a_donor_who_did_nothing_else_goes_with_the_gift_and_others_stay(
    session: Session, campaign: Campaign
) -> None:
    long_ago = now() - expired_rows.ABANDONED - timedelta(days=1)
    names = ("alone", "young", "gave")
    donors = {name: add_donor(session, f"{name}@example.org") for name in names}
    for name, donor in donors.items():
        donor.created_at = long_ago
        gift = add_donation(session, campaign, donor, state="pending")
        gift.created_at = long_ago if name != "young" else now()
    add_donation(session, campaign, donors["gave"])
    session.flush()
    assert forget_abandoned_gifts(session, now()) == 2
    session.expire_all()
    assert {name for name in names if donors[name].erased_at is None} == {"young", "gave"}
    assert donors["alone"].email == ""


def test_an_upload_that_its_job_left_is_deleted(session: Session) -> None:
    for number, (state, ago) in enumerate((("checked", 3), ("importing", 3), ("checked", 1))):
        row = FileImport(
            kind="people", file_name=f"{number}", size=1, requested_by="ada", state=state,
            created_at=now() - timedelta(days=ago),
            lease_until=now() if state == "importing" else None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(FileImportPart(file_import_id=row.id, number=0, content=b"x"))
    session.flush()
    assert purge_uploads(session, now()) == 1
    assert session.scalars(select(FileImport.file_name).order_by(FileImport.id)).all() == ["1", "2"]
