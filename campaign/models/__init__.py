"""The tables: columns, constraints and tiny properties. No mail, no URLs, no tasks."""

from campaign.models.base import Base
from campaign.models.campaign import Campaign
from campaign.models.donation import Donation
from campaign.models.donor import CampaignDonor, Donor
from campaign.models.heartbeat import Heartbeat
from campaign.models.inbox import InboxEvent
from campaign.models.ledger import LedgerEntry, ProgressShard
from campaign.models.mailing import CampaignStep, Extension, Reminder, Subscriber, Suppression
from campaign.models.outbox import OutboxMessage
from campaign.models.receipt import Receipt, ReceiptCounter
from campaign.models.returns import Charge, Dispute, FraudWarning, PaymentLookup, Refund
from campaign.models.states import (
    CampaignState,
    DonationState,
    Frequency,
    InboxState,
    LedgerKind,
    OutboxState,
    ReceiptKind,
    RefundState,
    ReminderChoice,
    StepAnchor,
    SubscriptionState,
    SuppressionReason,
)
from campaign.models.stripe_call import StripeCall
from campaign.models.subscription import InvoicePayment, Subscription

__all__ = [
    "Base",
    "Campaign",
    "CampaignDonor",
    "CampaignState",
    "CampaignStep",
    "Charge",
    "Dispute",
    "Donation",
    "DonationState",
    "Donor",
    "Extension",
    "FraudWarning",
    "Frequency",
    "Heartbeat",
    "InboxEvent",
    "InboxState",
    "InvoicePayment",
    "LedgerEntry",
    "LedgerKind",
    "OutboxMessage",
    "OutboxState",
    "PaymentLookup",
    "ProgressShard",
    "Receipt",
    "ReceiptCounter",
    "ReceiptKind",
    "Refund",
    "RefundState",
    "Reminder",
    "ReminderChoice",
    "StepAnchor",
    "StripeCall",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
]
