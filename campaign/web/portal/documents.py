"""Documents on the donor page: receipts sent again, statements, the data export, and erasure requests."""

import json
from zoneinfo import ZoneInfo

from flask import Response, abort, make_response, render_template, url_for
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.errors import ResendRefused
from campaign.core.task_queue import OUTBOX
from campaign.donor_portal.donation_history import find_donor_gift, has_statement
from campaign.donors.receipt_reissue import resend_receipt
from campaign.models import Donor
from campaign.privacy.donor_export import export_personal_data
from campaign.privacy.erasure_requests import open_request, request_erasure, withdraw_request
from campaign.receipts.pdf_documents import statement_pdf
from campaign.receipts.statements import statement_context
from campaign.web.context import installation
from campaign.web.language import page_language, requested_language
from campaign.web.limits import limiter
from campaign.web.portal import access
from campaign.web.portal.page import donor_values
from campaign.web.portal.profile import redirect_with_message
from campaign.web.portal.subscription_page import local_date

blueprint = access.donor_blueprint("donor_documents")


@blueprint.post("/receipts/<public_id>")
@limiter.limit(access.SEND_LIMIT, key_func=access.target_key)
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def resend(public_id: str) -> ResponseReturnValue:
    """Send the gift's receipt to the donor's address again."""
    here = installation()
    try:
        with here.sessions.begin() as session:
            donor = session.get_one(Donor, access.visitor().donor.id)
            gift = find_donor_gift(session, donor, public_id)
            who = Actor.donor(donor.id)
            resend_receipt(session, gift.public_id, who, clock.now(), here.books)
    except ResendRefused:
        return redirect_with_message("receipt_waits")
    here.notify(OUTBOX)
    return redirect_with_message("receipt")


@blueprint.get("/statements/<int:year>.pdf")
def statement(year: int) -> ResponseReturnValue:
    """Return the statement of a past year as a PDF."""
    organization = installation().settings.organization
    today = clock.now().astimezone(ZoneInfo(organization.timezone)).date()
    with installation().sessions() as session:
        donor = session.get_one(Donor, access.visitor().donor.id)
        if not has_statement(session, donor, year, today):
            abort(404)
        context = statement_context(session, donor.id, year, organization, page_language().locale)
    answer = Response(statement_pdf(context), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"statement-{year}.pdf")
    return answer


@blueprint.post("/export")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def export() -> ResponseReturnValue:
    """Return all data held about the donor, as JSON."""
    with installation().sessions.begin() as session:
        held = export_personal_data(session, session.get_one(Donor, access.visitor().donor.id))
    text = json.dumps(held, ensure_ascii=False, indent=2)
    answer = Response(text, mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename="what-is-held.json")
    return answer


@blueprint.get("/erasure")
def ask_erasure() -> ResponseReturnValue:
    """Ask for confirmation, and explain what is deleted and what the law requires us to keep."""
    with installation().sessions() as session:
        donor = session.get_one(Donor, access.visitor().donor.id)
        found = open_request(session, donor)
        values = donor_values(donor)
    page = render_template(
        "donor/me_erasure.html",
        page_title=page_language().gettext("Ask us to delete your data"),
        token=access.page_token(),
        asked_text=local_date(found.asked_at) if found else "",
        back_url=url_for("donor_sign_in.page", lang=requested_language() or None),
        **values,
    )
    return make_response(page)


@blueprint.post("/erasure")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def erase() -> ResponseReturnValue:
    """Save the erasure request for staff; a repeated request changes nothing."""
    here = installation()
    with here.sessions.begin() as session:
        donor = session.get_one(Donor, access.visitor().donor.id)
        request_erasure(session, donor, here.settings.mail_from.domain, clock.now())
    here.notify(OUTBOX)
    return redirect_with_message("erasure")


@blueprint.post("/erasure/withdraw")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def withdraw() -> ResponseReturnValue:
    """Withdraw the erasure request."""
    with installation().sessions.begin() as session:
        withdraw_request(session, session.get_one(Donor, access.visitor().donor.id), clock.now())
    return redirect_with_message("stays")
