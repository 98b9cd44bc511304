"""A donation: what a donor chose to give, and its state."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.link_tokens import LinkToken
from campaign.models.base import LINK_NAME, Base, Key, new_public_id, one_of
from campaign.models.states import (
    OPEN_STATES,
    SETTLED_STATES,
    DonationState,
    Frequency,
    require_transition,
)

if TYPE_CHECKING:
    from campaign.models.campaign import Campaign
    from campaign.models.donor import Donor
    from campaign.models.receipt import Receipt
    from campaign.models.subscription import Subscription

_LINK = LinkToken("donation")
_SETTLED = ", ".join(f"'{state.value}'" for state in SETTLED_STATES)
_OPEN = ", ".join(f"'{state.value}'" for state in OPEN_STATES)


class Donation(Base):
    """One gift, or one renewal of a monthly or yearly gift.

    `amount` is the gift and `fee_cover` what the donor adds for fees, both in minor units of `currency`; Stripe charges
    their sum. `public_id` is shared with Stripe; `token` opens the thank-you page and is only sent to the donor.
    `charged_at` is the time of the charge: for a bank debit, when it was authorized; for a card, when it was paid.
    `consent_wording` is the text next to the checkbox for campaign emails, '' if it was not checked. `returned_at` is
    when the bank finally rejected a one-time debit, before or after it appeared to succeed. `words` is the search
    vector, which the database computes. `shared_computer`: the page soon stops showing personal data; `page_closed_at`:
    since when. `offer_declined_at`: the donor declined the offer to make the gift monthly.
    """

    __tablename__ = "donation"
    __table_args__ = (
        CheckConstraint("amount > 0 AND amount <= 99999999", name="amount"),
        CheckConstraint("fee_cover >= 0", name="fee_cover"),
        CheckConstraint(LINK_NAME, name="token"),
        CheckConstraint(one_of("state", DonationState), name="state"),
        CheckConstraint(one_of("frequency", Frequency), name="frequency"),
        CheckConstraint(
            f"state NOT IN ({_SETTLED}) OR (paid_at IS NOT NULL AND charged_at IS NOT NULL)", name="paid"
        ),
        Index("uq_donation_open_attempt", "attempt", unique=True, postgresql_where=text(f"state IN ({_OPEN})")),
        Index(
            "ix_donation_promised",
            "campaign_id",
            postgresql_include=["amount"],
            postgresql_where=text("state = 'processing'"),
        ),
        Index("ix_donation_campaign_id", "campaign_id", "created_at", "id"),
        Index("ix_donation_donor_id", "donor_id"),
        Index(
            "ix_donation_comment", "campaign_id", "id", postgresql_where=text("comment <> '' AND NOT anonymous")
        ),
        Index("ix_donation_subscription_id", "subscription_id"),
        Index("ix_donation_words", "words", postgresql_using="gin"),
        Index("ix_donation_created_at", "created_at", "id"),
        Index("ix_donation_amount", "amount", "created_at"),
        Index("ix_donation_code", "code", "created_at", postgresql_where=text("code <> ''")),
        Index("ix_donation_unpaid", "state", "created_at", postgresql_where=text("state <> 'paid'")),
    )  # fmt: skip

    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    token: Mapped[str] = mapped_column(_LINK, unique=True, default=_LINK.new_token())
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id"))
    attempt: Mapped[str]
    frequency: Mapped[str]
    amount: Mapped[int]
    fee_cover: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(default=DonationState.pending.value)
    state_reason: Mapped[str | None]
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=text("''"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    comment: Mapped[str] = mapped_column(server_default=text("''"))
    tribute_kind: Mapped[str] = mapped_column(server_default=text("''"))
    tribute_name: Mapped[str] = mapped_column(server_default=text("''"))
    code: Mapped[str] = mapped_column(server_default=text("''"))
    consent_wording: Mapped[str] = mapped_column(server_default=text("''"))
    session_id: Mapped[str | None] = mapped_column(unique=True)
    session_url: Mapped[str | None]
    session_expires_at: Mapped[datetime | None]
    payment_intent_id: Mapped[str | None] = mapped_column(unique=True)
    invoice_id: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    charged_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    shared_computer: Mapped[bool] = mapped_column(server_default=text("false"))
    page_closed_at: Mapped[datetime | None]
    offer_declined_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("search_words(((name || ' '::text) || email))", persisted=True),
        nullable=True,
        deferred=True,
    )

    campaign: Mapped["Campaign"] = relationship()
    donor: Mapped["Donor"] = relationship()
    subscription: Mapped["Subscription | None"] = relationship(foreign_keys=[subscription_id])
    receipts: Mapped[list["Receipt"]] = relationship(
        back_populates="donation", order_by="Receipt.id"
    )

    @property
    def charge(self) -> int:
        """The amount Stripe charges, in minor units."""
        return self.amount + self.fee_cover

    @property
    def receipt(self) -> "Receipt | None":
        """The valid receipt: the last of the chain."""
        return self.receipts[-1] if self.receipts else None

    def become(self, wanted: DonationState) -> None:
        """Change the state to `wanted`; raises TransitionRefused if DONATION_TRANSITIONS does not allow it."""
        require_transition(DonationState(self.state), wanted)
        self.state = wanted.value
