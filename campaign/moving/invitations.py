"""Invite donors whose recurring gift is still charged elsewhere to move it here: one email a person, ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, cast, exists, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import CampaignNotOpen
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import insert_from_select
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    GiftElsewhere,
    OutboxMessage,
    Subscriber,
)
from campaign.outreach.eligibility import gives_elsewhere, has_moved, suppressed

PATIENCE = timedelta(days=7)
"""An invitation that cannot be sent for so long is dropped."""

SINCE = timedelta(days=400)
"""Somebody who gave within this time, or agreed to emails, may be asked: a yearly gift, and a month beside."""


def invite(
    session: Session, campaign: Campaign, mail_domain: str, actor: Actor, at: datetime
) -> Sequence[str]:
    """Queue an invitation for each donor of a recurring gift elsewhere who may get one; return the new addresses.

    Not invited: who has a recurring gift here, is suppressed, was invited before, or neither agreed to emails nor gave
    lately. Raises CampaignNotOpen: the form has to take gifts.
    """
    _require_open(campaign, at)
    queued = insert_from_select(EmailKind.move_over, _invitations(campaign, at), mail_domain)
    found = session.scalars(queued.returning(OutboxMessage.recipient)).all()
    if found:
        subject = Subject("campaign", campaign.slug, campaign.id)
        record(session, actor, "monthly.invited", subject, after={"invited": len(found)})
    return found


def list_invited(session: Session, campaign: Campaign, at: datetime) -> Sequence[str]:
    """Return the addresses that `invite` would write to now."""
    _require_open(campaign, at)
    rows = _invitations(campaign, at).subquery()
    return session.scalars(select(rows.c.recipient).order_by(rows.c.recipient)).all()


def _require_open(campaign: Campaign, at: datetime) -> None:
    if not campaign.is_open(at):
        raise CampaignNotOpen(
            f"“{campaign.title}” is not accepting gifts right now; invite to a campaign that is."
        )


def _invitations(campaign: Campaign, at: datetime) -> Select[Any]:
    """Return the invitations to queue: for each donor the largest of the gifts in the campaign's currency."""
    address = func.lower(Donor.email)
    key = cast(Donor.id, Text)
    invited = exists().where(
        OutboxMessage.kind == EmailKind.move_over.value, OutboxMessage.subject_key == key
    )
    agreed = exists().where(func.lower(Subscriber.email) == address)
    gave = exists().where(Donation.donor_id == Donor.id, Donation.paid_at > at - SINCE)
    return (
        select(
            key.label("subject_key"),
            Donor.email.label("recipient"),
            Donor.name,
            Donor.locale,
            Donor.id.label("donor_id"),
            literal(campaign.id).label("campaign_id"),
            func.jsonb_build_object("gift", GiftElsewhere.id).label("details"),
            literal(at + PATIENCE).label("expires_at"),
        )
        .join(GiftElsewhere, GiftElsewhere.donor_id == Donor.id)
        .where(
            Donor.email != "",
            Donor.erased_at.is_(None),
            Donor.merged_into_id.is_(None),
            GiftElsewhere.ended_at.is_(None),
            GiftElsewhere.currency == campaign.currency,
            gives_elsewhere(address),
            ~has_moved(address),
            ~suppressed(address, campaign.id),
            ~invited,
            agreed | gave,
        )
        .ext(distinct_on(Donor.id))
        .order_by(Donor.id, GiftElsewhere.amount.desc(), GiftElsewhere.id)
    )
