"""Each scheduled task does its work: a row that is due is done after it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from stripe import StripeClient
from time_machine import travel

from campaign.audit.audit_log import Actor
from campaign.auth.donors import make_donor_link
from campaign.core.clock import now
from campaign.core.errors import RefundUnconfirmed
from campaign.core.outgoing.connection import OutgoingRules
from campaign.core.settings import MailSettings, Settings, SmtpAddress
from campaign.integrations.endpoints import EVENTS, add_endpoint
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    DonorLink,
    DonorLinkPurpose,
    Milestone,
    OutboxMessage,
    StaffRole,
    Subscription,
    WebhookDelivery,
)
from campaign.privacy.erasure_requests import approve_erasure, request_erasure
from campaign.refunds.flow import refund_donation
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.campaigns import add_booked_gift, add_campaign, end_now
from tests.support.reconciliation import Bank
from tests.support.refunds import make_older, pay, refund_request, state
from tests.support.scheduled_tasks import tasks_with
from tests.support.stripe import Facts
from tests.support.upstream import Answer, Upstream

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)
Give = Callable[..., Facts]
Store = Callable[..., None]
RunJob = Callable[[str], int]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def run_job(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, mailbox: MailReceiver
) -> Iterator[RunJob]:
    """`run_job("erase-donors")` runs what the scheduler starts under that name."""
    mailing = replace(
        settings,
        smtp=SmtpAddress("127.0.0.1", mailbox.port),
        mail=MailSettings(alerts_to="desk@harbor-ledger.example"),
    )
    with tasks_with(monkeypatch, mailing) as application:
        schedule = application.conf.beat_schedule
        yield lambda job: int(application.tasks[schedule[job]["task"]]())


def test_stored_events_are_applied_and_their_receipts_sent(
    run_job: RunJob, installation: Installation, give: Give, store: Store, mailbox: MailReceiver
) -> None:
    gift = give()
    store(gift.completed())
    assert run_job("sweep-inbox") == 1
    with installation.sessions() as session:
        assert session.get_one(Donation, gift.donation.id).state == "paid"
    assert run_job("sweep-outbox") == 1
    assert len(mailbox.messages) == 1
    assert (run_job("sweep-inbox"), run_job("sweep-outbox")) == (0, 0)


def test_deliveries_of_webhooks_are_sent(
    run_job: RunJob, installation: Installation, give: Give, store: Store
) -> None:
    with Upstream() as crm:
        crm.answers("/hooks", Answer(status=204))
        with installation.sessions.begin() as session:
            add_endpoint(
                session,
                f"http://127.0.0.1:{crm.port}/hooks",
                EVENTS,
                ADA,
                OutgoingRules(livemode=False),
            )
        store(give().completed())
        run_job("sweep-inbox")
        assert run_job("send-webhooks") >= 1
        assert crm.asked("/hooks")
        with installation.sessions() as session:
            assert set(session.scalars(select(WebhookDelivery.state))) == {"delivered"}
        assert run_job("send-webhooks") == 0


def test_approved_erasures_are_carried_out(
    run_job: RunJob, installation: Installation, paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        donor = session.get_one(Donor, paid.donation.donor_id)
        request_erasure(session, donor, "harbor-ledger.example", now())
    assert run_job("erase-donors") == 0, "staff have not approved it"
    with installation.sessions.begin() as session:
        approve_erasure(session, session.get_one(Donor, paid.donation.donor_id), ADA, now())
    assert run_job("erase-donors") == 1
    with installation.sessions() as session:
        assert session.get_one(Donor, paid.donation.donor_id).email == ""


def test_campaigns_that_ended_get_their_result(
    run_job: RunJob, installation: Installation, paid: Facts
) -> None:
    assert run_job("finalize") == 0
    end_now(installation)
    assert run_job("finalize") == 1
    with installation.sessions() as session:
        assert session.scalars(select(Campaign)).one().finalized_at is not None


def test_expired_links_are_deleted(
    run_job: RunJob, installation: Installation, paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        donor = session.get_one(Donor, paid.donation.donor_id)
        make_donor_link(session, donor, DonorLinkPurpose.open, "", now() - timedelta(days=365))
    assert run_job("purge-expired") == 1
    with installation.sessions() as session:
        assert list(session.scalars(select(DonorLink))) == []


def test_milestones_are_recorded(run_job: RunJob, installation: Installation) -> None:
    campaign = add_campaign(installation, goal="100")
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 3_000)
    assert run_job("mark-milestones") == 1
    with installation.sessions() as session:
        assert session.scalars(select(Milestone.mark)).all() == ["quarter"]


def test_donors_hear_of_a_yearly_gift_that_renews_soon(
    run_job: RunJob, installation: Installation, give: Give
) -> None:
    donation = give(frequency="yearly").donation
    with installation.sessions.begin() as session:
        subscription = Subscription(
            stripe_id="sub_1",
            campaign_id=donation.campaign_id,
            donor_id=donation.donor_id,
            frequency="yearly",
            amount=2_500,
            currency="usd",
            current_period_end=now() + timedelta(days=10),
        )
        session.add(subscription)
        session.flush()
        session.execute(update(Donation).values(subscription_id=subscription.id))
    assert run_job("queue-notices") == 1
    assert run_job("queue-notices") == 0


def test_staff_hear_of_a_problem(
    run_job: RunJob, installation: Installation, paid: Facts, store: Store
) -> None:
    store(paid.disputed("created", "needs_response", -2500))
    run_job("sweep-inbox")
    assert run_job("alert-staff") == 1
    with installation.sessions() as session:
        [alert] = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "staff_alert"))
    assert alert.recipient == "desk@harbor-ledger.example"


def test_fees_and_payouts_come_from_stripe(run_job: RunJob, bank: Bank) -> None:
    bank.stripe.pay(bank.give("25"))
    bank.stripe.payout()
    bank.deliver()
    assert run_job("book-fees") == 1
    assert run_job("read-payouts") == 1
    assert (run_job("book-fees"), run_job("read-payouts")) == (0, 0)


@pytest.mark.parametrize(("age", "found"), [(47, True), (49, False)])
def test_undelivered_events_of_the_last_two_days_are_fetched(
    run_job: RunJob, bank: Bank, installation: Installation, age: int, found: bool
) -> None:
    at_stripe = StripeClient(
        "sk_test_sandbox", base_addresses={"api": sandbox_address(bank.stripe)}
    )
    at_stripe.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    bank.stripe.deliver("lose")
    bank.stripe.pay(bank.give("25"))
    with travel(now() + timedelta(hours=age)):
        assert (run_job("recover-events") > 0) is found
    with installation.sessions() as session:
        assert session.scalars(select(Donation.state)).all() == ["paid" if found else "pending"]


@pytest.mark.parametrize(("age", "found"), [(71, 1), (73, 0)])
def test_the_ledger_of_the_last_three_days_is_compared(
    run_job: RunJob, bank: Bank, age: int, found: int
) -> None:
    bank.stripe.pay(bank.give("25"))
    with travel(now() + timedelta(hours=age)):
        assert run_job("reconcile") == found


def test_a_gift_that_the_ledger_lacks_is_found(run_job: RunJob, bank: Bank) -> None:
    bank.stripe.pay(bank.give("25"))
    assert run_job("reconcile") == 1


def test_refunds_that_stripe_has_not_confirmed_are_finished(
    run_job: RunJob,
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
) -> None:
    gift = pay(client, installation, stripe)
    stripe.fault("POST /v1/refunds", "drop_before", times=9)
    with pytest.raises(RefundUnconfirmed):
        refund_donation(installation, refund_request(gift))
    stripe.clear_faults()
    assert run_job("finish-refunds") == 0, "the first attempt may still be on its way"
    make_older(installation, timedelta(hours=2))
    assert run_job("finish-refunds") == 1
    assert state(installation, gift) == "refunded"
