"""The tables: columns, constraints and tiny properties. No mail, no URLs, no tasks."""

from campaign.models.base import Base
from campaign.models.campaign import Campaign
from campaign.models.campaign_content import (
    CampaignText,
    CommentState,
    House,
    Milestone,
    MilestoneMark,
    WallEntry,
)
from campaign.models.direct_mail import PostedAppeal
from campaign.models.donation import Donation
from campaign.models.donor import CampaignDonor, Donor
from campaign.models.donor_admin import DonorMerge, Note, ReviewMark
from campaign.models.donor_portal import DonorLink, DonorLinkPurpose, DonorSession, ErasureRequest
from campaign.models.heartbeat import Heartbeat
from campaign.models.inbox import InboxEvent
from campaign.models.integrations import ApiToken, WebhookDelivery, WebhookEndpoint
from campaign.models.ledger import LedgerEntry, ProgressShard
from campaign.models.mailing import CampaignStep, Extension, Reminder, Subscriber, Suppression
from campaign.models.offline import DepositBatch, OfflineGift
from campaign.models.outbox import OutboxMessage
from campaign.models.payouts import Payout, PayoutItem, ReconciliationRun
from campaign.models.receipt import Receipt, ReceiptCounter
from campaign.models.refunds_disputes import Charge, Dispute, FraudWarning, PaymentLookup, Refund
from campaign.models.staff import AuditEntry, StaffLink, StaffMember, StaffPasskey, StaffSession
from campaign.models.states import (
    CampaignState,
    DeliveryState,
    DonationState,
    Frequency,
    InboxState,
    LedgerKind,
    OfflineKind,
    OutboxState,
    ReceiptKind,
    RefundState,
    ReminderChoice,
    StaffRole,
    StepAnchor,
    SubscriptionState,
    SuppressionReason,
    TakenBack,
    TallyKind,
)
from campaign.models.statistics import CodeVisit, GiftTally, MatchingGift, MatchingShard
from campaign.models.stripe_request import StripeCall
from campaign.models.subscription import InvoicePayment, Subscription
from campaign.models.tribute import CardWay, TributeCard

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Base",
    "Campaign",
    "CampaignDonor",
    "CampaignState",
    "CampaignStep",
    "CampaignText",
    "CardWay",
    "Charge",
    "CodeVisit",
    "CommentState",
    "DeliveryState",
    "DepositBatch",
    "Dispute",
    "Donation",
    "DonationState",
    "Donor",
    "DonorLink",
    "DonorLinkPurpose",
    "DonorMerge",
    "DonorSession",
    "ErasureRequest",
    "Extension",
    "FraudWarning",
    "Frequency",
    "GiftTally",
    "Heartbeat",
    "House",
    "InboxEvent",
    "InboxState",
    "InvoicePayment",
    "LedgerEntry",
    "LedgerKind",
    "MatchingGift",
    "MatchingShard",
    "Milestone",
    "MilestoneMark",
    "Note",
    "OfflineGift",
    "OfflineKind",
    "OutboxMessage",
    "OutboxState",
    "PaymentLookup",
    "Payout",
    "PayoutItem",
    "PostedAppeal",
    "ProgressShard",
    "Receipt",
    "ReceiptCounter",
    "ReceiptKind",
    "ReconciliationRun",
    "Refund",
    "RefundState",
    "Reminder",
    "ReminderChoice",
    "ReviewMark",
    "StaffLink",
    "StaffMember",
    "StaffPasskey",
    "StaffRole",
    "StaffSession",
    "StepAnchor",
    "StripeCall",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
    "TakenBack",
    "TallyKind",
    "TributeCard",
    "WallEntry",
    "WebhookDelivery",
    "WebhookEndpoint",
]
