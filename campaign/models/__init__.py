"""The tables: columns, constraints and tiny properties. No mail, no URLs, no tasks."""

from campaign.models.base import Base
from campaign.models.campaign import Campaign
from campaign.models.donation import Donation
from campaign.models.donor import CampaignDonor, Donor
from campaign.models.inbox import InboxEvent
from campaign.models.ledger import LedgerEntry, ProgressShard
from campaign.models.outbox import OutboxMessage
from campaign.models.receipt import Receipt, ReceiptCounter
from campaign.models.states import (
    CampaignState,
    DonationState,
    Frequency,
    InboxState,
    LedgerKind,
    OutboxState,
    SubscriptionState,
)
from campaign.models.stripe_call import StripeCall
from campaign.models.subscription import Subscription

__all__ = [
    "Base",
    "Campaign",
    "CampaignDonor",
    "CampaignState",
    "Donation",
    "DonationState",
    "Donor",
    "Frequency",
    "InboxEvent",
    "InboxState",
    "LedgerEntry",
    "LedgerKind",
    "OutboxMessage",
    "OutboxState",
    "ProgressShard",
    "Receipt",
    "ReceiptCounter",
    "StripeCall",
    "Subscription",
    "SubscriptionState",
]
