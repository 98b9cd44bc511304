"""What a donor changes on their own page: name, postal address, language, the address of their mail, appeals."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.errors import DonorInvalid
from campaign.core.task_queue import OUTBOX
from campaign.donations.consents import WORDING
from campaign.donor_portal.donation_history import own_gift
from campaign.donor_portal.emails import queue_confirmation
from campaign.donor_portal.preferences import end_appeals, leave_wall, want_appeals
from campaign.donor_portal.profile import change_details
from campaign.models import Donor
from campaign.web.context import installation
from campaign.web.language import asked_language, said
from campaign.web.limits import LINKS, limiter
from campaign.web.portal import access
from campaign.web.portal.forms import (
    AddressForm,
    DetailsForm,
    faults,
    filled,
    read_details,
    read_email,
    refuse_details,
    spoken_languages,
)
from campaign.web.portal.page import person, render_own_page

blueprint = access.own_blueprint("own_page")


@blueprint.get("/gifts")
def every() -> ResponseReturnValue:
    """The page with all gifts, however many they are."""
    return render_own_page(every=True)


@blueprint.get("/details")
def details() -> ResponseReturnValue:
    """Name, postal address, language, and the address of mail."""
    return _details()


@blueprint.post("/details")
@limiter.limit(access.CHANGING, key_func=access.person)
def change() -> ResponseReturnValue:
    """The first three."""
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
    return done("details")


@blueprint.post("/address")
@limiter.limit(LINKS, key_func=access.person)
@limiter.limit(LINKS, key_func=access.typed_email)
def change_address() -> ResponseReturnValue:
    """A link to the new address; it is the donor's once that is used. Whoever else may have it is told to nobody."""
    form = AddressForm()
    email = read_email(form)
    here = installation()
    if not email:
        return _details(new=form, status=422)
    with here.sessions.begin() as session:
        donor = _donor(session)
        if email.lower() == donor.email.lower():
            form.email.errors = [said().gettext("This is the address that we have already.")]
            return _details(new=form, status=422)
        domain = here.settings.mail_from.domain
        queue_confirmation(session, donor, email, said().locale, domain, clock.now())
    here.nudge(OUTBOX)
    return done("address")


@blueprint.post("/appeals")
@limiter.limit(access.CHANGING, key_func=access.person)
def appeals() -> ResponseReturnValue:
    """Letters about campaigns: wanted, or no more."""
    wanted = request.form.get("wanted") == "yes"
    with installation().sessions.begin() as session:
        donor = _donor(session)
        if wanted:
            want_appeals(session, donor, said().gettext(WORDING), clock.now())
        else:
            end_appeals(session, donor)
    return done("appeals_yes" if wanted else "appeals_no")


@blueprint.post("/wall/<public_id>")
@limiter.limit(access.CHANGING, key_func=access.person)
def wall(public_id: str) -> ResponseReturnValue:
    """Off the donor wall with the name beside that gift."""
    with installation().sessions.begin() as session:
        donor = _donor(session)
        leave_wall(session, donor, own_gift(session, donor, public_id))
    return done("wall")


def done(what: str) -> Response:
    """Back to the page, which says what was done."""
    target = url_for("own_page_entry.page", said=what, lang=asked_language() or None)
    return make_response(redirect(target, 303))


def _donor(session: Session) -> Donor:
    return session.get_one(Donor, access.visitor().donor.id)


def _details(
    form: DetailsForm | None = None, new: AddressForm | None = None, status: int = 200
) -> Response:
    with installation().sessions() as session:
        donor = _donor(session)
        form = form or filled(donor)
        values = person(donor)
    new = new or AddressForm(formdata=None)
    page = render_template(
        "donor/me_details.html",
        page_title=said().gettext("Your name and address"),
        token=access.page_token(),
        form=form,
        new=new,
        spoken=spoken_languages(),
        errors=faults(form, new),
        **values,
    )
    return make_response(page, status)
