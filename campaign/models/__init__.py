"""The database tables: columns, constraints and small properties. No email, no URLs, no tasks."""

from campaign.models.abuse.card_testing import AttemptCount, CardDecline, SessionOpening, Siege
from campaign.models.adoption import AdoptionRun, LeftAlone
from campaign.models.base import Base
from campaign.models.campaign import Campaign
from campaign.models.campaign_content import (
    Branding,
    CampaignText,
    CommentState,
    Milestone,
    MilestoneMark,
    WallEntry,
)
from campaign.models.conversions import Conversion
from campaign.models.direct_mail import DirectMailPiece
from campaign.models.donation import Donation
from campaign.models.donor import CampaignDonor, Donor
from campaign.models.donor_admin import Acknowledgment, DonorMerge, Note
from campaign.models.donor_portal import (
    DonorLink,
    DonorLinkPurpose,
    DonorSession,
    ErasedPerson,
    ErasureRequest,
)
from campaign.models.file_import import FileImport, FileImportPart
from campaign.models.heartbeat import Heartbeat
from campaign.models.inbox import InboxEvent
from campaign.models.integrations import ApiToken, WebhookDelivery, WebhookEndpoint
from campaign.models.ledger import LedgerEntry, ProgressShard
from campaign.models.mailing import (
    CampaignStep,
    Extension,
    ListMember,
    ListSyncState,
    Reminder,
    Subscriber,
    Suppression,
)
from campaign.models.offline import DepositBatch, OfflineGift
from campaign.models.outbox import MailOutage, MailRefusal, OutboxMessage
from campaign.models.past_gift import GiftElsewhere, PastGift
from campaign.models.payouts import Payout, PayoutItem, ReconciliationRun
from campaign.models.receipt import Receipt, ReceiptCounter, ReceiptNote
from campaign.models.refunds_disputes import Charge, Dispute, FraudWarning, PaymentLookup, Refund
from campaign.models.restoration import ReservedReceipt, Restoration
from campaign.models.settled_discrepancy import SettledDiscrepancy
from campaign.models.staff import (
    AuditEntry,
    KeptValue,
    StaffLink,
    StaffMember,
    StaffPasskey,
    StaffSession,
)
from campaign.models.states import (
    AccountObject,
    AdoptionAction,
    CampaignState,
    DeliveryState,
    DonationState,
    FileImportState,
    Frequency,
    Giving,
    InboxState,
    LedgerKind,
    ListServiceName,
    MailLane,
    OfflineKind,
    OutboxState,
    ReceiptKind,
    RefundState,
    ReminderChoice,
    ReversalReason,
    SiegeScope,
    StaffRole,
    StepBasis,
    SubscriptionState,
    SuppressionReason,
    TallyKind,
)
from campaign.models.statistics import CodeVisit, GiftTally, MatchingGift, MatchingShard
from campaign.models.stripe_request import StripeRequest
from campaign.models.subscription import InvoicePayment, Subscription
from campaign.models.tribute import CardDelivery, TributeCard

__all__ = [
    "AccountObject",
    "Acknowledgment",
    "AdoptionAction",
    "AdoptionRun",
    "ApiToken",
    "AttemptCount",
    "AuditEntry",
    "Base",
    "Branding",
    "Campaign",
    "CampaignDonor",
    "CampaignState",
    "CampaignStep",
    "CampaignText",
    "CardDecline",
    "CardDelivery",
    "Charge",
    "CodeVisit",
    "CommentState",
    "Conversion",
    "DeliveryState",
    "DepositBatch",
    "DirectMailPiece",
    "Dispute",
    "Donation",
    "DonationState",
    "Donor",
    "DonorLink",
    "DonorLinkPurpose",
    "DonorMerge",
    "DonorSession",
    "ErasedPerson",
    "ErasureRequest",
    "Extension",
    "FileImport",
    "FileImportPart",
    "FileImportState",
    "FraudWarning",
    "Frequency",
    "GiftElsewhere",
    "GiftTally",
    "Giving",
    "Heartbeat",
    "InboxEvent",
    "InboxState",
    "InvoicePayment",
    "KeptValue",
    "LedgerEntry",
    "LedgerKind",
    "LeftAlone",
    "ListMember",
    "ListServiceName",
    "ListSyncState",
    "MailLane",
    "MailOutage",
    "MailRefusal",
    "MatchingGift",
    "MatchingShard",
    "Milestone",
    "MilestoneMark",
    "Note",
    "OfflineGift",
    "OfflineKind",
    "OutboxMessage",
    "OutboxState",
    "PastGift",
    "PaymentLookup",
    "Payout",
    "PayoutItem",
    "ProgressShard",
    "Receipt",
    "ReceiptCounter",
    "ReceiptKind",
    "ReceiptNote",
    "ReconciliationRun",
    "Refund",
    "RefundState",
    "Reminder",
    "ReminderChoice",
    "ReservedReceipt",
    "Restoration",
    "ReversalReason",
    "SessionOpening",
    "SettledDiscrepancy",
    "Siege",
    "SiegeScope",
    "StaffLink",
    "StaffMember",
    "StaffPasskey",
    "StaffRole",
    "StaffSession",
    "StepBasis",
    "StripeRequest",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
    "TallyKind",
    "TributeCard",
    "WallEntry",
    "WebhookDelivery",
    "WebhookEndpoint",
]
