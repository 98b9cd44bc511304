"""Changes on the donor page: name, mailing address, language, email address, campaign emails and donor wall."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.errors import DonorInvalid
from campaign.core.task_queue import OUTBOX
from campaign.donor_portal.donation_history import find_donor_gift
from campaign.donor_portal.emails import queue_confirmation
from campaign.donor_portal.preferences import leave_wall, subscribe_donor, unsubscribe_donor
from campaign.donor_portal.profile import change_details
from campaign.models import Donor
from campaign.web.context import installation
from campaign.web.giving.form_parsing import subscribe_wording
from campaign.web.language import page_language, requested_language
from campaign.web.limits import SIGN_IN_LINKS, limit_mail, limiter
from campaign.web.portal import access
from campaign.web.portal.forms import (
    AddressForm,
    DetailsForm,
    faults,
    form_for,
    language_choices,
    read_details,
    read_email,
    refuse_details,
)
from campaign.web.portal.page import donor_values, render_donor_page

blueprint = access.donor_blueprint("donor_page")


@blueprint.get("/gifts")
def all_gifts() -> ResponseReturnValue:
    """Show the donor page with all gifts."""
    return render_donor_page(every=True)


@blueprint.get("/details")
def details() -> ResponseReturnValue:
    """Show the forms for name, mailing address, language and email address."""
    return _details()


@blueprint.post("/details")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def change() -> ResponseReturnValue:
    """Save name, mailing address and language."""
    form = DetailsForm()
    wanted = read_details(form)
    if wanted is None:
        return _details(form, status=422)
    try:
        with installation().sessions.begin() as session:
            change_details(session, _donor(session), wanted)
    except DonorInvalid as error:
        refuse_details(form, error)
        return _details(form, status=422)
    return redirect_with_message("details")


@blueprint.post("/address")
@limiter.limit(SIGN_IN_LINKS, key_func=access.donor_key)
@limiter.limit(SIGN_IN_LINKS, key_func=access.email_key)
@limit_mail
def change_address() -> ResponseReturnValue:
    """Send a confirmation link to the new address. The response does not reveal whether another donor has it."""
    form = AddressForm()
    email = read_email(form)
    here = installation()
    if not email:
        return _details(new=form, status=422)
    with here.sessions.begin() as session:
        donor = _donor(session)
        if email.lower() == donor.email.lower():
            form.email.errors = [page_language().gettext("This is already your email address.")]
            return _details(new=form, status=422)
        domain = here.settings.mail_from.domain
        queue_confirmation(session, donor, email, page_language().locale, domain, clock.now())
    here.notify(OUTBOX)
    return redirect_with_message("address")


@blueprint.post("/preferences")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def appeals() -> ResponseReturnValue:
    """Subscribe to campaign emails, or unsubscribe."""
    wanted = request.form.get("wanted") == "yes"
    with installation().sessions.begin() as session:
        donor = _donor(session)
        if wanted:
            subscribe_donor(session, donor, subscribe_wording(), clock.now())
        else:
            unsubscribe_donor(session, donor)
    return redirect_with_message("appeals_yes" if wanted else "appeals_no")


@blueprint.post("/wall/<public_id>")
@limiter.limit(access.CHANGE_LIMIT, key_func=access.donor_key)
def wall(public_id: str) -> ResponseReturnValue:
    """Remove the donor's name for this gift from the donor wall."""
    with installation().sessions.begin() as session:
        donor = _donor(session)
        leave_wall(session, donor, find_donor_gift(session, donor, public_id))
    return redirect_with_message("wall")


def redirect_with_message(what: str) -> Response:
    """Redirect to the donor page with a confirmation message; `what` is a key of SAID."""
    target = url_for("donor_sign_in.page", message=what, lang=requested_language() or None)
    return make_response(redirect(target, 303))


def _donor(session: Session) -> Donor:
    return session.get_one(Donor, access.visitor().donor.id)


def _details(
    form: DetailsForm | None = None, new: AddressForm | None = None, status: int = 200
) -> Response:
    with installation().sessions() as session:
        donor = _donor(session)
        form = form or form_for(donor)
        values = donor_values(donor)
    new = new or AddressForm(formdata=None)
    page = render_template(
        "donor/me_details.html",
        page_title=page_language().gettext("Your name and address"),
        token=access.page_token(),
        form=form,
        new=new,
        spoken=language_choices(),
        errors=faults(form, new),
        **values,
    )
    return make_response(page, status)
