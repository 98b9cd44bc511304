"""A row in every table, so that a backup of a database which lacks one table is noticed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from campaign.core.clock import now
from campaign.models import (
    Acknowledgment,
    AdoptionRun,
    ApiToken,
    AuditEntry,
    Base,
    Branding,
    Campaign,
    CampaignText,
    Charge,
    CodeVisit,
    Conversion,
    DepositBatch,
    DirectMailPiece,
    Dispute,
    Donor,
    DonorLink,
    DonorMerge,
    DonorSession,
    ErasedPerson,
    ErasureRequest,
    Extension,
    FileImport,
    FileImportPart,
    FraudWarning,
    GiftElsewhere,
    Heartbeat,
    InvoicePayment,
    LeftAlone,
    ListMember,
    ListSyncState,
    MailOutage,
    MailRefusal,
    MatchingGift,
    MatchingShard,
    Milestone,
    Note,
    PaymentLookup,
    Payout,
    PayoutItem,
    ReconciliationRun,
    Refund,
    Reminder,
    ReservedReceipt,
    Restoration,
    SettledDiscrepancy,
    StaffLink,
    StaffMember,
    StaffPasskey,
    StaffSession,
    StripeRequest,
    Subscriber,
    Subscription,
    Suppression,
    TributeCard,
    WallEntry,
    WebhookDelivery,
    WebhookEndpoint,
)
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.past_gifts import GiftPlan, store_past_gifts
from campaign.offline.entry import Choices, record_offline_gift
from campaign.offline.entry_parsing import read_entry
from campaign.runtime.context import Installation
from tests.support.offline_gifts import FINANCE, HERE, gift_of, written_gift
from tests.support.raw_sql import insert
from tests.support.stripe import Facts

AT = datetime(2026, 12, 1, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fill_every_table(installation: Installation, paid: Facts) -> None:
    """Add to the gift of `paid` a row in each table that it has left empty, with values that no default has."""
    gift, campaign = paid.donation, paid.donation.campaign_id

    def add(model: type[Base], **values: Any) -> Any:
        return insert(installation, model, **values)

    _add_people(add, campaign, gift.donor_id)
    _add_around_the_gift(add, campaign, gift.id)
    _enter_a_check(installation, campaign)
    _import_a_past_gift(installation)
    _add_of_the_campaign(add, campaign)
    _add_of_stripe(add, gift.id)
    _add_of_the_installation(add, gift.id)


def _add_people(add: Any, campaign: int, donor: int) -> None:
    add(Suppression, email="bo@example.org", reason="complained", detail="wrote so")
    add(
        Subscriber,
        email="cy@example.org",
        name="Cy",
        locale="es",
        consent_source="import",
        consent_at=AT,
        consent_wording="Yes, write to me",
    )
    add(ListMember, service="brevo", email="cy@example.org", remote_id="17",
        tags=["a,b", "“c”"], pushed_at=AT)  # fmt: skip
    add(Reminder, campaign_id=campaign, email="di@example.org", choice="tomorrow", due_at=AT)
    add(ErasureRequest, donor_id=donor, asked_at=AT, approved_at=AT, approved_by="ada")
    add(ErasedPerson, key="k1", erased_at=AT, donors=[[7, "2026-01-01T00:00:00+00:00"]],
        donations=["don_1"], addresses=["ab" * 32])  # fmt: skip
    merged = add(Donor, email="", name="Ana R", address="1 Pier", merged_into_id=donor)
    add(DonorMerge, kept_id=donor, merged_id=merged, merged_by="ada", carried={"name": "Ana R"})
    add(Note, donor_id=donor, text="Called\ttwice\n\\.", written_by="fay")
    add(
        GiftElsewhere,
        system="donorbox",
        external_id="7",
        donor_id=donor,
        frequency="monthly",
        amount=1000,
        currency="usd",
        processor="PayPal",
    )
    add(DonorLink, donor_id=donor, purpose="open", digest="d1", expires_at=AT + HOUR)
    add(DonorSession, donor_id=donor, digest="d2", expires_at=AT + HOUR, seen_at=AT)
    add(
        Subscription,
        stripe_id="sub_1",
        token="t" * 22,
        campaign_id=campaign,
        donor_id=donor,
        frequency="yearly",
        amount=1200,
        currency="usd",
        state="ended",
        ended_at=AT,
        customer_id="cus_1",
    )


def _add_around_the_gift(add: Any, campaign: int, gift: int) -> None:
    add(
        WallEntry,
        donation_id=gift,
        campaign_id=campaign,
        first_name="Ana",
        place="Astoria",
        wording="Show my name",
        consent_at=AT,
    )
    add(TributeCard, donation_id=gift, delivery="post", name="Di", address="2 Pier", sender="Ana")
    add(
        StripeRequest,
        donation_id=gift,
        operation="checkout",
        ordinal=1,
        idempotency_key="key-1",
        parameters={"amount": 2500, "note": "“Zoë”\n"},
    )


def _import_a_past_gift(installation: Installation) -> None:
    row = PastGiftRow(
        line=2,
        external_id="102",
        given_at=AT - 365 * 24 * HOUR,
        amount=2500,
        cover=106,
        fee=106,
        currency="usd",
        refunded=600,
        email="past@example.org",
        name="Past",
        donor_ref="56",
        plan_ref="3301",
        installment=2,
        method="stripe",
        designation="Year End",
        charge="ch_past",
    )
    plan = GiftPlan("givewp", "America/Los_Angeles", receipts=True)
    with installation.sessions.begin() as session:
        store_past_gifts(session, [row], plan, installation.books)


def _enter_a_check(installation: Installation, campaign_id: int) -> None:
    with installation.sessions.begin() as session:
        batch = DepositBatch(name="Monday", currency="usd", opened_by="fay", bank_reference="slip")
        session.add(batch)
        session.flush()
        slug = session.get_one(Campaign, campaign_id).slug
        entry = read_entry(session, written_gift(campaign=slug), now(), HERE)
        outcome = record_offline_gift(session, entry, Choices(), FINANCE, installation.books, now())
        gift_of(outcome).batch_id = batch.id


def _add_of_the_campaign(add: Any, campaign: int) -> None:
    add(CampaignText, campaign_id=campaign, locale="es", title="Siga libre", appeal="Esta noche")
    add(CodeVisit, campaign_id=campaign, code="winter", day=date(2026, 12, 1), visits=3)
    add(
        DirectMailPiece,
        campaign_id=campaign,
        code="acde",
        name="Bo",
        institution="Two Rivers",
        address="1 Road",
    )
    add(
        Extension,
        campaign_id=campaign,
        previous_deadline=AT,
        deadline=AT + HOUR,
        reason="A fault",
        recorded_by="ada",
    )
    add(Milestone, campaign_id=campaign, mark="half", target=100, reached_at=AT, raised=150)
    matching = add(
        MatchingGift,
        campaign_id=campaign,
        sponsor="A reader",
        pool=10_000,
        starts_at=AT - HOUR,
        ends_at=AT,
        created_by="ada",
    )
    add(MatchingShard, matching_id=matching, shard=3)


def _add_of_stripe(add: Any, gift: int) -> None:
    add(Charge, stripe_id="ch_other", amount=900, currency="usd")
    add(
        Refund,
        stripe_id="re_other",
        amount=900,
        currency="usd",
        state="succeeded",
        created_at=AT,
        ended_at=AT,
    )
    add(
        Dispute,
        stripe_id="dp_other",
        amount=900,
        currency="usd",
        reason="fraudulent",
        status="warning_closed",
        opened_at=AT,
        as_of=AT,
    )
    add(FraudWarning, stripe_id="issfr_1", fraud_type="misc", created_at=AT)
    add(InvoicePayment, invoice_id="in_1", payment_id="pi_other")
    add(PaymentLookup, payment_intent_id="pi_other", ours=False)
    payout = add(
        Payout,
        stripe_id="po_1",
        amount=800,
        currency="usd",
        status="paid",
        arrival_date=date(2026, 12, 3),
        created_at=AT,
    )
    add(
        PayoutItem,
        payout_id=payout,
        balance_transaction_id="txn_1",
        kind="charge",
        source="ch_other",
        amount=900,
        fee=100,
        net=800,
        currency="usd",
        created_at=AT,
    )
    add(
        Conversion,
        donation_id=gift,
        balance_transaction_id="txn_2",
        kind="payment",
        source="ch_1",
        currency="usd",
        settled_amount=1233,
        settled_currency="cad",
        exchange_rate=Decimal("1.37"),
        converted_at=AT,
    )
    add(AdoptionRun, requested_by="fay", action="leave_alone", kind="payment")
    add(LeftAlone, stripe_id="pi_shop", left_by="fay")
    add(ReconciliationRun, started_at=AT, ended_at=AT, requested_by="fay", discrepancy_count=2)
    add(
        SettledDiscrepancy,
        discrepancy_id="dif_1",
        donation="don_1",
        sentence="donation don_1: Stripe charged 1.00 USD, the ledger has no entry",
        reason="A test of our own.",
        settled_by="fay",
    )
    add(Restoration, backup_made_at=AT, numbers_read_at=AT)
    add(ReservedReceipt, year=2025, sequence=1, donation="don_1")


def _add_of_the_installation(add: Any, gift: int) -> None:
    member = add(StaffMember, email="ada@example.org", role="admin", fs_uniquifier="u1")
    add(StaffLink, staff_id=member, digest="d3", made_by="ada", expires_at=AT + HOUR)
    add(StaffSession, staff_id=member, digest="d4", method="link", expires_at=AT + HOUR)
    add(
        StaffPasskey,
        staff_id=member,
        credential_id=b"\x00\xff\\",
        public_key=b"\x01",
        backup_state=True,
        device_type="single_device",
        name="Phone",
        usage="first",
        transports=["usb", "a,b"],
    )
    add(AuditEntry, actor="ada", action="campaign.paused", subject_kind="campaign", subject_key="x")
    add(MailRefusal, message_id=7, lane="bulk", connection="c", refusal_key="relay", attempts=1)
    add(MailOutage, lane="bulk", cause="relay", words="550 no", refusal_key="relay", readers=3,
        opened_at=now(), probe_at=now())  # fmt: skip
    add(ListSyncState, service="brevo", pulled_at=AT, not_before=AT + HOUR)
    file = b"email,name\r\nzo\xe9@example.org,Zo\xe9\r\n"
    upload = add(FileImport, kind="people", file_name="list.csv", size=len(file), rows=1, requested_by="ada",
        state="checked", options={"encoding": "cp1252"}, report={"counts": {"added": 1}})  # fmt: skip
    add(FileImportPart, file_import_id=upload, number=1, content=file)
    add(Acknowledgment, kind="refund", key="re_other", acknowledged_by="fay")
    add(ApiToken, name="sheet", digest="d5", hint="abcd", scopes=["read"], created_by="ada")
    add(Branding, id=1, masthead="The Harbor Ledger", logo=b"\x89PNG", logo_type="image/png",
        logo_digest="d6", logo_alt="A harbor")  # fmt: skip
    endpoint = add(
        WebhookEndpoint,
        url="https://db.example",
        secret="s",
        events=["donation.paid"],
        created_by="ada",
    )
    add(
        WebhookDelivery,
        endpoint_id=endpoint,
        kind="donation.paid",
        subject_key="don_1",
        donation_id=gift,
        body={"amount": 2500},
    )
    add(Heartbeat, job="deliver")
