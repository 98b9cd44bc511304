"""Word the evidence about a disputed gift, in the order that Stripe recommends, for a bank's reader in English.

In order of events, grouped by type, with a sentence that says what each group shows:
https://docs.stripe.com/disputes/best-practices. What answers the bank's reason comes first:
https://docs.stripe.com/disputes/categories.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from campaign.core import money
from campaign.core.i18n import get_language
from campaign.models import Donation
from campaign.reporting.dispute_evidence import DisputeEvidence, IssuedReceipt
from campaign.reporting.evidence_history import (
    communications_section,
    earlier_section,
    monthly_section,
    refunds_section,
)
from campaign.reporting.evidence_writer import (
    LISTED,
    EvidenceSection,
    EvidenceWriter,
    delivery,
)

LONGEST_APPEAL = 2_000
"""Characters of the page's text in the PDF; the whole text is a file of its own."""


_FIRST = {
    "fraudulent": ("donor", "earlier"),
    "unrecognized": ("donor", "earlier"),
    "subscription_canceled": ("monthly", "policy"),
    "credit_not_processed": ("refunds", "policy"),
    "product_not_received": ("receipts", "gift"),
    "product_unacceptable": ("gift", "receipts"),
    "duplicate": ("earlier", "receipts"),
}
"""The groups that answer a reason, by Stripe's reason (https://docs.stripe.com/disputes/categories)."""


def evidence_sections(writer: EvidenceWriter) -> list[EvidenceSection]:
    """Return the groups that have something to say: summary, what answers the reason, the others, what is missing."""
    reason = writer.evidence.dispute.reason
    made = [section for make in _MAKERS if (section := make(writer)) is not None]
    first = _FIRST.get(reason, ())
    # The sort is stable, so the others stay in their order.
    made.sort(key=lambda one: first.index(one.key) if one.key in first else len(first))
    missing = [
        EvidenceSection("missing", "Not available", _MISSING, paragraphs=missing_facts(writer))
    ]
    return [_summary(writer), *made, *missing]


_MISSING = "The following is not part of this evidence."


def missing_facts(writer: EvidenceWriter) -> list[str]:
    """Return a sentence for each thing that a bank looks for in such a file and that is not known here."""
    evidence, stripe = writer.evidence, writer.stripe
    found = [
        ("The donor’s personal data was erased at their request.", evidence.erased),
        (f"Stripe could not be asked about the card: {stripe.problem}", bool(stripe.problem)),
        ("The donor’s billing address was not collected.", _no_address(writer)),
        ("The time at which a form was filled in is not known.", not _has_form(evidence)),
        ("No receipt was issued.", not evidence.receipts),
        ("No receipt was sent by email.", not _receipt_was_sent(evidence)),
        ("The IP address and the device of the donor are not stored by this service.", True),
    ]
    return [sentence for sentence, missing in found if missing]


def hints_for_staff(writer: EvidenceWriter) -> list[str]:
    """Return what else is missing, which staff may be able to add; it is not written into what the bank gets."""
    evidence, payment = writer.evidence, writer.stripe.payment
    found = [
        ("Stripe has no result of 3-D Secure for this payment.", payment is not None and not payment.three_d_secure),
        ("No consent to campaign emails was given with this gift.", _no_consent(evidence)),
        ("Whether an email or the receipt’s page was opened is not recorded.", True),
        ("No refund policy is stored here. If donors see one on your site, upload it as refund_policy.", True),
    ]  # fmt: skip
    return [sentence for sentence, missing in found if missing]


def _no_address(writer: EvidenceWriter) -> bool:
    payment = writer.stripe.payment
    return not writer.evidence.erased and payment is not None and not payment.address


def _no_consent(evidence: DisputeEvidence) -> bool:
    return not evidence.erased and not evidence.first.consent_wording


def _receipt_was_sent(evidence: DisputeEvidence) -> bool:
    return any(one.mail is not None and one.mail.sent_at for one in evidence.receipts)


def _has_form(evidence: DisputeEvidence) -> bool:
    """Whether the gift began on our form: a payment that was taken in or recreated did not leave its time."""
    return evidence.first.session_id is not None


def _summary(writer: EvidenceWriter) -> EvidenceSection:
    evidence, dispute = writer.evidence, writer.evidence.dispute
    donation = evidence.donation
    what = "appeal" if evidence.appealing else "dispute"
    rows = [
        ("Dispute", f"{dispute.stripe_id}, opened {writer.moment(dispute.opened_at)}"),
        ("Reason", dispute.reason.replace("_", " ") + _network_code(writer)),
        ("Disputed amount", money.with_code(dispute.amount, dispute.currency)),
        ("Gift", f"{writer.charge(donation)} to {writer.organization.name}"),
        ("Payment at Stripe", _payment_ids(writer)),
    ]
    return EvidenceSection(
        "summary",
        f"The {what} and the gift",
        summary_sentence(writer),
        rows,
        ("When", "What"),
        _timeline(writer),
    )


def summary_sentence(writer: EvidenceWriter) -> str:
    """Return what happened, in one sentence."""
    donation, name = writer.evidence.donation, writer.organization.name
    if donation.charged_at is None:
        return f"A gift to {name} is disputed; no completed charge of it is recorded."
    regular = "" if donation.frequency == "one_time" else f"{donation.frequency} "
    return (
        f"On {writer.moment(donation.charged_at)}, {writer.charge(donation)} was charged as a {regular}gift to {name}."
        " A gift is not a purchase: nothing was sold or to be delivered."
    )


def _payment_ids(writer: EvidenceWriter) -> str:
    dispute, payment = writer.evidence.dispute, writer.stripe.payment
    charge = dispute.charge_id or (payment.charge_id if payment else None)
    return ", ".join(one for one in (dispute.payment_intent_id, charge) if one)


def _network_code(writer: EvidenceWriter) -> str:
    bank = writer.stripe.dispute
    code = bank.network_reason_code if bank else ""
    return f" ({bank.network.capitalize()} {code})" if bank and code else ""


def _timeline(writer: EvidenceWriter) -> list[tuple[str, str]]:
    evidence, donation = writer.evidence, writer.evidence.donation
    moments: list[tuple[datetime | None, str]] = [
        (evidence.first.created_at if _has_form(evidence) else None, "The donor sent the form"),
        (donation.charged_at, f"{writer.charge(donation)} charged"),
        (donation.paid_at if _cleared_later(donation) else None, "Payment completed"),
        (evidence.dispute.opened_at, "Dispute opened"),
    ]
    for one in evidence.receipts:
        moments.append((one.receipt.issued_at, f"Receipt {one.receipt.number} issued"))
        if one.mail and one.mail.sent_at:
            moments.append((one.mail.sent_at, f"Receipt {one.receipt.number} sent by email"))
    moments += [
        (
            refund.created_at,
            f"Refund of {money.with_code(refund.amount, refund.currency)}, {refund.state}",
        )
        for refund in evidence.detail.refunds
    ]
    known = sorted((at, text) for at, text in moments if at is not None)
    return [(writer.moment(at), text) for at, text in known[:LISTED]]


def _cleared_later(donation: Donation) -> bool:
    """Whether the payment took days, as a bank debit does."""
    charged_at, paid_at = donation.charged_at, donation.paid_at
    return (
        charged_at is not None and paid_at is not None and paid_at - charged_at > timedelta(hours=1)
    )


def _gift(writer: EvidenceWriter) -> EvidenceSection:
    evidence, donation = writer.evidence, writer.evidence.donation
    campaign = donation.campaign
    rows = [
        ("Gift", money.with_code(donation.amount, donation.currency)),
        ("Fees that the donor chose to cover", _fee_cover(donation)),
        ("How often", donation.frequency.replace("_", " ")),
        ("Campaign", campaign.title_in(donation.locale)),
        ("Designation", campaign.designation),
        ("Form sent", writer.moment(evidence.first.created_at) if _has_form(evidence) else ""),
        ("Language of the form", get_language(donation.locale).native_name),
        ("Message from the donor", donation.comment),
        ("Our id of the gift", donation.public_id),
    ]
    return EvidenceSection(
        "gift",
        "The gift and the page that asked for it",
        "The donor sent the form on the campaign’s page, then paid on Stripe’s page."
        if _has_form(evidence)
        else "The payment did not begin with this service’s form.",
        _known(rows),
        paragraphs=_page_words(writer) if _has_form(evidence) else (),
    )


def _fee_cover(donation: Donation) -> str:
    return money.with_code(donation.fee_cover, donation.currency) if donation.fee_cover else ""


def _page_words(writer: EvidenceWriter) -> list[str]:
    changed, text = writer.evidence.appeal_changed_at, writer.evidence.appeal.text
    as_of = (
        f"The page’s text as it is now; it was changed on {writer.moment(changed)}, after the donor saw it:"
        if changed
        else "The page’s text; no change of it since then is recorded:"
    )
    text = text.replace("**", "")
    cut = f"{text[:LONGEST_APPEAL].rstrip()} … (shortened)" if len(text) > LONGEST_APPEAL else text
    return [as_of, *(" ".join(part.split()) for part in cut.split("\n\n") if part.strip())]


def _donor(writer: EvidenceWriter) -> EvidenceSection:
    evidence, payment = writer.evidence, writer.stripe.payment
    donation = evidence.donation
    rows = (
        [] if evidence.erased else [("Name on the form", donation.name), ("Email", donation.email)]
    )
    if payment is not None:
        if not evidence.erased:
            rows += [
                ("Name on the payment", payment.name),
                ("Email on the payment", payment.email if payment.email != donation.email else ""),
                ("Billing address", ", ".join(payment.address)),
            ]
        secure = payment.three_d_secure.replace("_", " ")
        version = payment.three_d_secure_version
        rows += [
            ("Paid with", _instrument(writer)),
            ("Security code (CVC) check", payment.cvc_check),
            ("Postal code check", payment.postal_code_check),
            ("Street address check", payment.line1_check),
            (
                "3-D Secure",
                f"{secure}{f' (version {version})' if version else ''}" if secure else "",
            ),
            ("Text on the donor’s statement", payment.statement_descriptor),
        ]
    says = "Who gave, and what the bank that issued the card checked when it approved the payment."
    return EvidenceSection("donor", "The donor and the bank’s checks", says, _known(rows))


def _instrument(writer: EvidenceWriter) -> str:
    payment = writer.stripe.payment
    if payment is None or not payment.method:
        return ""
    kind = "card" if payment.method == "card" else "bank account"
    ends = f"ending in {payment.last4}" if payment.last4 else ""
    return " ".join(one for one in (payment.brand.capitalize(), kind, ends) if one)


def _consent(writer: EvidenceWriter) -> EvidenceSection | None:
    evidence = writer.evidence
    if not evidence.first.consent_wording:
        return None
    return EvidenceSection(
        "consent",
        "Consent to emails",
        "The donor checked a box that is empty at first, beside these words, when sending the form on"
        f" {writer.moment(evidence.first.created_at)}:",
        paragraphs=[evidence.first.consent_wording],
    )


def _receipts(writer: EvidenceWriter) -> EvidenceSection | None:
    found = writer.evidence.receipts
    if not found:
        return None
    return EvidenceSection(
        "receipts",
        "Receipts and their delivery",
        "Each receipt names the organization, the amount and the date. The words of the first one are below the table.",
        columns=("Receipt", "Issued", "Amount", "Kind", "Delivery"),
        cells=[
            (
                one.receipt.number,
                writer.day(one.receipt.issued_at),
                money.with_code(one.receipt.amount, one.receipt.currency),
                one.receipt.kind,
                _receipt_delivery(writer, one),
            )
            for one in found[:LISTED]
        ],
        paragraphs=list(found[0].context.get("wording", ())),
    )


def _receipt_delivery(writer: EvidenceWriter, one: IssuedReceipt) -> str:
    if one.mail is not None:
        return delivery(writer, one.mail)
    if one.receipt.mailed_at:
        return f"printed to be mailed on {writer.day(one.receipt.mailed_at)}"
    return "no email"


def _policy(writer: EvidenceWriter) -> EvidenceSection:
    return EvidenceSection(
        "policy",
        "How the donor could reach us and stop a gift",
        "What every receipt tells the donor.",
        paragraphs=policy_sentences(writer),
    )


def policy_sentences(writer: EvidenceWriter) -> list[str]:
    """Return what the donor was told about canceling and about whom to write to."""
    found = []
    if _receipt_was_sent(writer.evidence):
        if writer.evidence.donation.subscription is not None:
            found.append(
                "The receipt’s email has a link with which the donor can change, pause or cancel the gift."
            )
        found.append(
            "The receipt’s email links to a page with all gifts and receipts of the donor."
        )
    reach = ", ".join(filter(None, [*writer.organization.address_lines, writer.organization.email]))
    found.append(f"{writer.organization.name} can be reached at: {reach}.")
    return found


def _known(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in rows if value]


_MAKERS: tuple[Callable[[EvidenceWriter], EvidenceSection | None], ...] = (
    _gift,
    _donor,
    _consent,
    _receipts,
    refunds_section,
    monthly_section,
    earlier_section,
    communications_section,
    _policy,
)
