"""A donor's pages by secret address: what became of the gift, and its receipt. Never cached, never indexed."""

from typing import Any

from babel.dates import format_date
from flask import Blueprint, Response, make_response, render_template, url_for

from campaign import money
from campaign.models import Donation, DonationState
from campaign.paper import receipt_pdf
from campaign.services.donations import find_donation
from campaign.services.receipts import find_receipt, receipt_context
from campaign.views.context import installation
from campaign.views.headers import make_private
from campaign.views.presenting import present_mail
from campaign.views.settling import settle

blueprint = Blueprint("donor", __name__)

_UNSETTLED = {DonationState.pending, DonationState.declined, DonationState.processing}


@blueprint.get("/donations/<token>")
def donation(token: str) -> Response:
    """Thanks, pending or failed, from Stripe's truth. The donor never waits for the webhook."""
    here = installation()
    with here.sessions() as session:
        found = find_donation(session, token)
    if found.session_id and DonationState(found.state) in _UNSETTLED:
        settle(found)
    with here.sessions() as session:
        found = find_donation(session, token)
        page = render_template(
            "donor/donation.html",
            page_title="Your gift",
            donation=_donation_values(found),
            mail=present_mail(found.campaign, here.settings.organization),
        )
    return make_private(make_response(page))


def _donation_values(found: Donation) -> dict[str, Any]:
    slug, receipt = found.campaign.slug, found.receipt
    moment = (found.paid_at or found.created_at).astimezone(found.campaign.zone)
    amount = money.plain_amount(found.amount, found.currency)
    retry = url_for("public.appeal", slug=slug, amount=amount, frequency=found.frequency)
    left = receipt.amount if receipt else found.charge
    return {
        "state": "failed" if found.state == DonationState.declined else found.state,
        "amount_text": money.format_money(found.amount, found.currency),
        "frequency": found.frequency,
        "email": found.email,
        "name": found.name,
        "campaign_title": found.campaign.title,
        "campaign_url": url_for("public.appeal", slug=slug),
        "receipt_url": url_for("donor.receipt", token=receipt.token) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "date_text": format_date(moment.date(), "long", locale="en"),
        "cover_text": money.format_money(found.cover, found.currency) if found.cover else "",
        "retry_url": retry + "#give",
        "subscription_url": _subscription_url(found),
        "left_text": money.format_money(left, found.currency),
        "back_text": money.format_money(found.charge - left, found.currency),
        "returned": found.returned_at is not None and found.paid_at is not None,
    }


def _subscription_url(found: Donation) -> str:
    gift = found.subscription
    return url_for("subscriptions.page", token=gift.token) if gift else ""


@blueprint.get("/receipts/<token>")
def receipt(token: str) -> Response:
    """The receipt, as it was worded when it was issued."""
    with installation().sessions() as session:
        found = find_receipt(session, token)
        later = found.replaced_by
        page = render_template(
            "donor/receipt.html",
            page_title=f"Receipt {found.number}",
            receipt=receipt_context(found),
            pdf_url=url_for("donor.receipt_paper", token=found.token),
            replaced_by_url=url_for("donor.receipt", token=later.token) if later else "",
        )
    return make_private(make_response(page))


@blueprint.get("/receipts/<token>.pdf")
def receipt_paper(token: str) -> Response:
    """The same receipt as PDF."""
    with installation().sessions() as session:
        context = receipt_context(find_receipt(session, token))
    answer = Response(receipt_pdf(context), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"receipt-{context['number']}.pdf")
    return make_private(answer)
