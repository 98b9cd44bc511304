"""Word the history behind a disputed gift: refunds, the monthly gift, earlier gifts, and emails to the donor."""

from collections.abc import Sequence

from campaign.core import money
from campaign.mailer.kinds import EmailKind
from campaign.models import Donation
from campaign.reporting.dispute_evidence import FURTHEST_DAYS, NEAREST_DAYS, EarlierGift
from campaign.reporting.evidence_writer import LISTED, EvidenceSection, EvidenceWriter

_MAIL_NAMES = {
    EmailKind.receipt: "Receipt",
    EmailKind.statement: "Yearly statement of gifts",
    EmailKind.renewal_upcoming: "Notice of the next renewal",
    EmailKind.renewal_failed: "Notice of a failed renewal",
    EmailKind.subscription_ended: "Confirmation that the monthly or yearly gift ended",
    EmailKind.donor_portal_link: "Link to the donor’s own page, which the donor asked for",
    EmailKind.donor_portal_note: "Note about a change on the donor’s own page",
    EmailKind.appeal: "Campaign email",
    EmailKind.extension: "Email about a new deadline",
    EmailKind.reminder: "Reminder that the donor asked for",
    EmailKind.thank_you: "Campaign thank-you",
    EmailKind.wrap_up: "Campaign result",
    EmailKind.move_over: "Invitation to move the monthly or yearly gift",
}


def refunds_section(writer: EvidenceWriter) -> EvidenceSection | None:
    """Return the refunds of the gift; None if there are none."""
    refunds = writer.evidence.detail.refunds
    if not refunds:
        return None
    return EvidenceSection(
        "refunds",
        "Refunds of this gift",
        "What was returned to the donor, apart from the dispute.",
        columns=("When", "Amount", "Status", "Stripe’s id"),
        cells=[
            (
                writer.moment(one.created_at),
                money.with_code(one.amount, one.currency),
                one.state,
                one.stripe_id or "",
            )
            for one in refunds[:LISTED]
        ],
    )


def monthly_section(writer: EvidenceWriter) -> EvidenceSection | None:
    """Return the history of a gift that repeats; None for a one-time gift."""
    evidence, subscription = writer.evidence, writer.evidence.donation.subscription
    if subscription is None:
        return None
    ended = subscription.ended_at
    rows = [
        ("Began", writer.moment(evidence.first.created_at)),
        ("Status", subscription.state.replace("_", " ")),
        ("Ended", writer.moment(ended) if ended else "not ended"),
        ("Payments so far", str(len(evidence.renewals))),
        ("Subscription at Stripe", subscription.stripe_id),
    ]
    return EvidenceSection(
        "monthly",
        f"History of the {subscription.frequency} gift",
        f"The donor chose a gift that repeats: {subscription.frequency}.",
        rows,
        ("Charged", "Amount", "Status"),
        [
            (writer.day(one.charged_at or one.created_at), writer.charge(one), _marked(writer, one))
            for one in evidence.renewals[-LISTED:]
        ],
        _more(len(evidence.renewals)),
    )


def _marked(writer: EvidenceWriter, donation: Donation) -> str:
    here = ", this dispute" if donation.id == writer.evidence.donation.id else ""
    return donation.state.replace("_", " ") + here


def earlier_section(writer: EvidenceWriter) -> EvidenceSection | None:
    """Return the earlier gifts. Which elements must match: https://docs.stripe.com/disputes/api/visa-ce3."""
    found = writer.evidence.earlier
    if not found:
        return None
    count = sum(one.qualifies for one in found)
    return EvidenceSection(
        "earlier",
        "Earlier gifts of the same donor",
        f"{len(found)} earlier {'payment' if len(found) == 1 else 'payments'} of this donor. {count} of them"
        f" {'was' if count == 1 else 'were'} paid {NEAREST_DAYS} to {FURTHEST_DAYS} days before the disputed payment,"
        " never disputed and never refunded.",
        columns=("Charged", "Days before", "Amount", "Disputed", "Same as here"),
        cells=[_earlier_row(writer, one) for one in _notable(found)],
        paragraphs=[*_more(len(found)), *_qualified_ids(found)],
    )


def _notable(found: Sequence[EarlierGift]) -> list[EarlierGift]:
    """Return at most LISTED gifts, those that qualify before others, in their order."""
    chosen = sorted(found, key=lambda one: (not one.qualifies, one.days))[:LISTED]
    return sorted(chosen, key=lambda one: -one.days)


def _qualified_ids(found: Sequence[EarlierGift]) -> list[str]:
    """Return Stripe's ids of the gifts that qualify, which Stripe asks for; too long for a column."""
    ids = [one.donation.payment_intent_id for one in found if one.qualifies]
    known = [one for one in ids if one]
    return (
        [
            f"Stripe’s ids of those {NEAREST_DAYS} to {FURTHEST_DAYS} days before: {', '.join(known)}."
        ]
        if known
        else []
    )


def _earlier_row(writer: EvidenceWriter, one: EarlierGift) -> tuple[str, ...]:
    gift = one.donation
    return (
        writer.day(gift.charged_at or gift.created_at),
        str(one.days),
        writer.charge(gift)
        + ("" if gift.state == "paid" else f" ({gift.state.replace('_', ' ')})"),
        "yes" if one.questioned else "no",
        ", ".join(shared_elements(writer, one)) or "not known",
    )


def shared_elements(writer: EvidenceWriter, one: EarlierGift) -> list[str]:
    """Return what an earlier gift has in common with the disputed one, as far as it is known."""
    gift, disputed = one.donation, writer.evidence.donation
    pairs = [
        ("email", gift.email.lower(), disputed.email.lower()),
        ("name", gift.name.casefold(), disputed.name.casefold()),
    ]
    shared = [name for name, mine, theirs in pairs if mine and mine == theirs]
    return shared + (["card"] if (writer.stripe.same_card or {}).get(gift.id) else [])


def communications_section(writer: EvidenceWriter) -> EvidenceSection | None:
    """Return the emails to the donor; None if none was sent."""
    mails = [one for one in writer.evidence.mails if one.sent_at]
    if not mails:
        return None
    return EvidenceSection(
        "communications",
        "Emails to the donor",
        "What was sent to the donor before and after the gift.",
        columns=("Sent", "About", "Delivery"),
        cells=[
            (
                writer.moment(one.sent_at) if one.sent_at else "",
                _MAIL_NAMES.get(EmailKind(one.kind), one.kind),
                "bounced" if one.bounced_at else "accepted by the mail server",
            )
            for one in mails[-LISTED:]
        ],
        paragraphs=_more(len(mails)),
    )


def _more(count: int) -> list[str]:
    return [f"{LISTED} of {count} are listed."] if count > LISTED else []
