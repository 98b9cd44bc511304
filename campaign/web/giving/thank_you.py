"""A donor's pages by secret address: what became of the gift, and its receipt. Never cached, never indexed."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from campaign.checkout.sync import sync_donation
from campaign.core import clock
from campaign.donations import post_donation
from campaign.donations.donations import find_donation
from campaign.models import DonationState
from campaign.receipts.pdf_documents import receipt_pdf
from campaign.receipts.receipt_labels import receipt_heading
from campaign.receipts.receipts import find_receipt, receipt_context
from campaign.web.appeal.suggestions import present_mail
from campaign.web.context import installation
from campaign.web.giving.thank_you_content import present_gift, present_offer
from campaign.web.headers import make_private
from campaign.web.language import said, shared_language, speak
from campaign.web.origins import refuse_cross_site
from campaign.web.theme import accents_for, stylesheet_url

blueprint = Blueprint("donor", __name__)

_UNSETTLED = {DonationState.pending, DonationState.declined, DonationState.processing}

_CLEAR = '"cache", "storage"'
"""https://www.w3.org/TR/clear-site-data/: what the browser kept of this site. We set a reader no cookie to clear."""


@blueprint.get("/donations/<token>")
def donation(token: str) -> Response:
    """Thanks, pending or failed, from Stripe's truth. The donor never waits for the webhook."""
    here = installation()
    with here.sessions() as session:
        found = find_donation(session, token)
    if found.session_id and DonationState(found.state) in _UNSETTLED:
        sync_donation(here, found)
    with here.sessions() as session:
        found, now = find_donation(session, token), clock.now()
        speak(found.locale)
        if post_donation.is_page_closed(found, now):
            return _closed(found.campaign.slug)
        offered = post_donation.monthly_offer(session, found, now)
        page = render_template(
            "donor/donation.html",
            page_title=said().gettext("Your gift"),
            theme_stylesheet=stylesheet_url(accents_for(found.campaign)),
            donation=present_gift(found),
            offer=present_offer(found, offered) if offered else None,
            mail=present_mail(found.campaign, here.settings.organization),
        )
    return make_private(make_response(page))


@blueprint.post("/donations/<token>/no-thanks")
def no_thanks(token: str) -> ResponseReturnValue:
    """The donor wants no monthly gift beside this one: it is not offered again."""
    refuse_cross_site()
    with installation().sessions.begin() as session:
        post_donation.decline_offer(session, token, clock.now())
    return redirect(url_for("donor.donation", token=token, lang=shared_language()), 303)


@blueprint.post("/donations/<token>/finish")
def finish(token: str) -> ResponseReturnValue:
    """The donor leaves a shared computer: the page tells nothing any more, and the browser forgets this site."""
    refuse_cross_site()
    with installation().sessions.begin() as session:
        post_donation.close_page(session, token, clock.now())
        speak(find_donation(session, token).locale)
    return _cleared(redirect(url_for("donor.finished", lang=shared_language()), 303))


@blueprint.get("/finished")
def finished() -> Response:
    """Says that the window can be closed; the same for everybody."""
    page = render_template("donor/finished.html", page_title=said().gettext("You have finished"))
    return _cleared(make_response(page))


def _closed(slug: str) -> Response:
    return make_private(
        make_response(
            render_template(
                "donor/closed.html",
                page_title=said().gettext("This page is closed"),
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
    """The receipt, as it was worded when it was issued."""
    with installation().sessions() as session:
        found = find_receipt(session, token)
        later, shown = found.replaced_by, receipt_context(found)
        speak(shown["locale"])
        page = render_template(
            "donor/receipt.html",
            page_title=said().gettext("Receipt %(number)s") % {"number": found.number},
            heading=receipt_heading(shown, said()),
            receipt=shown,
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
