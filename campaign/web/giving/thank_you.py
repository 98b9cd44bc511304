"""The pages of a gift at a secret address: its status and its receipt. Never cached or indexed."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from campaign.campaigns import formatting
from campaign.checkout.sync import sync_donation
from campaign.core import clock, money
from campaign.donations import post_donation
from campaign.donations.donations import find_donation
from campaign.models import Donation, DonationState, Frequency
from campaign.receipts.pdf_documents import receipt_pdf
from campaign.receipts.receipt_labels import receipt_heading
from campaign.receipts.receipts import find_receipt, receipt_context
from campaign.web.appeal.page_content import campaign_title
from campaign.web.appeal.suggestions import present_mail
from campaign.web.context import installation
from campaign.web.headers import make_private
from campaign.web.language import page_language, shared_language, use_language
from campaign.web.origins import refuse_cross_site
from campaign.web.theme import accents_for, stylesheet_url


def present_gift(found: Donation) -> dict[str, Any]:
    """Return the values for the page. On a shared computer, it has no links to the donor's other pages."""
    slug, shared = found.campaign.slug, found.shared_computer
    receipt = None if shared else found.receipt
    moment = (found.paid_at or found.created_at).astimezone(found.campaign.zone)
    left = found.receipt.amount if found.receipt else found.charge
    return {
        "state": "failed" if found.state == DonationState.declined else found.state,
        "amount_text": _amount(found.amount, found),
        "sum_text": _sum(found),
        "frequency": found.frequency,
        "email": found.email,
        "name": found.name,
        "campaign_title": campaign_title(found.campaign),
        "campaign_url": url_for("public.appeal", slug=slug, lang=shared_language()),
        "receipt_url": url_for("donor.receipt", token=receipt.token) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "date_text": formatting.long_date(moment.date(), page_language()),
        "cover_text": _amount(found.fee_cover, found) if found.fee_cover else "",
        "retry_url": _form_address(found, found.amount, found.frequency),
        "subscription_url": "" if shared else _subscription_url(found),
        "left": left,
        "left_text": _amount(left, found),
        "back_text": _amount(found.charge - left, found),
        "returned": found.returned_at is not None and found.paid_at is not None,
        "shared": shared,
        "finish_url": url_for("donor.finish", token=found.token),
    }


def present_offer(found: Donation, amount: int) -> dict[str, str]:
    """Return the values for the offer of a monthly gift of `amount` minor units after the donation `found`."""
    return {
        "amount_text": _amount(amount, found),
        "url": _form_address(found, amount, Frequency.monthly.value),
        "decline_url": url_for("donor.no_thanks", token=found.token),
    }


def _form_address(found: Donation, amount: int, frequency: str) -> str:
    """Return the form's URL with amount and frequency, and without personal data."""
    return url_for(
        "public.appeal",
        slug=found.campaign.slug,
        amount=money.plain_amount(amount, found.currency, page_language().formats),
        frequency=frequency,
        code=found.code or None,
        shared=1 if found.shared_computer else None,
        lang=shared_language(),
        _anchor="give",
    )


def _amount(minor: int, found: Donation) -> str:
    return formatting.amount(minor, found.currency, page_language())


def _sum(found: Donation) -> str:
    """Format the gift's amount as `$25` or `$25 a month`."""
    amount = _amount(found.amount, found)
    if found.frequency == Frequency.monthly:
        return page_language().gettext("%(amount)s a month") % {"amount": amount}
    if found.frequency == Frequency.yearly:
        return page_language().gettext("%(amount)s a year") % {"amount": amount}
    return amount


def _subscription_url(found: Donation) -> str:
    gift = found.subscription
    return url_for("subscriptions.page", token=gift.token) if gift else ""


blueprint = Blueprint("donor", __name__)

_UNSETTLED = {DonationState.pending, DonationState.declined, DonationState.processing}

_CLEAR = '"cache", "storage"'
"""https://www.w3.org/TR/clear-site-data/: clear what the browser stored from this site. These pages set no cookie."""


@blueprint.get("/donations/<token>")
def donation(token: str) -> Response:
    """Show the gift's status. While it is open, ask Stripe, so that the donor does not wait for the webhook."""
    here = installation()
    with here.sessions() as session:
        found = find_donation(session, token)
    if found.session_id and DonationState(found.state) in _UNSETTLED:
        sync_donation(here, found)
    with here.sessions() as session:
        found, now = find_donation(session, token), clock.now()
        use_language(found.locale)
        if post_donation.is_page_closed(found, now):
            return _closed(found.campaign.slug)
        offered = post_donation.monthly_offer(session, found, now)
        page = render_template(
            "donor/donation.html",
            page_title=page_language().gettext("Your gift"),
            theme_stylesheet=stylesheet_url(accents_for(found.campaign)),
            donation=present_gift(found),
            offer=present_offer(found, offered) if offered else None,
            mail=present_mail(found.campaign, here.settings.organization),
        )
    return make_private(make_response(page))


@blueprint.post("/donations/<token>/no-thanks")
def no_thanks(token: str) -> ResponseReturnValue:
    """Record that the donor declined the monthly gift, so that it is not offered again."""
    refuse_cross_site()
    with installation().sessions.begin() as session:
        post_donation.decline_offer(session, token, clock.now())
    return redirect(url_for("donor.donation", token=token, lang=shared_language()), 303)


@blueprint.post("/donations/<token>/finish")
def finish(token: str) -> ResponseReturnValue:
    """Close the gift's page after use on a shared computer, and clear this site's data from the browser."""
    refuse_cross_site()
    with installation().sessions.begin() as session:
        post_donation.close_page(session, token, clock.now())
        use_language(find_donation(session, token).locale)
    return _cleared(redirect(url_for("donor.finished", lang=shared_language()), 303))


@blueprint.get("/finished")
def finished() -> Response:
    """Show that the window can be closed. The page is the same for everyone."""
    page = render_template(
        "donor/finished.html", page_title=page_language().gettext("You are done")
    )
    return _cleared(make_response(page))


def _closed(slug: str) -> Response:
    return make_private(
        make_response(
            render_template(
                "donor/closed.html",
                page_title=page_language().gettext("This page is closed"),
                campaign_url=url_for("public.appeal", slug=slug, lang=shared_language()),
            )
        )
    )


def _cleared(response: ResponseReturnValue) -> Response:
    private = make_private(make_response(response))
    private.headers["Clear-Site-Data"] = _CLEAR
    return private


@blueprint.get("/receipts/<token>")
def receipt(token: str) -> Response:
    """Show the receipt with the wording it was issued with."""
    with installation().sessions() as session:
        found = find_receipt(session, token)
        later, shown = found.replaced_by, receipt_context(found)
        use_language(shown["locale"])
        page = render_template(
            "donor/receipt.html",
            page_title=page_language().gettext("Receipt %(number)s") % {"number": found.number},
            heading=receipt_heading(shown, page_language()),
            receipt=shown,
            pdf_url=url_for("donor.receipt_paper", token=found.token),
            replaced_by_url=url_for("donor.receipt", token=later.token) if later else "",
        )
    return make_private(make_response(page))


@blueprint.get("/receipts/<token>.pdf")
def receipt_paper(token: str) -> Response:
    """Return the receipt as a PDF."""
    with installation().sessions() as session:
        context = receipt_context(find_receipt(session, token))
    answer = Response(receipt_pdf(context), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"receipt-{context['number']}.pdf")
    return make_private(answer)
