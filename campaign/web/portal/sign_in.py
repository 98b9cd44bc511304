"""Sign-in to the donor page: request a link, use it, confirm an address, sign out.

Neither the response nor its timing reveals whether an address is known: the same is done for every address.
"""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from campaign.auth.donors import begin_donor_session
from campaign.auth.links import CheckedLink, LinkState, check_link, use_link
from campaign.auth.policies import DONOR_LINKS, DONORS
from campaign.auth.sessions import end_session
from campaign.core import clock
from campaign.core.errors import DonorInvalid, DonorKnown
from campaign.core.task_queue import OUTBOX
from campaign.donor_portal.emails import queue_link
from campaign.donor_portal.profile import confirm_address
from campaign.models import Donor, DonorLink, DonorLinkPurpose
from campaign.web.context import installation
from campaign.web.language import page_language, requested_language, shared_language, use_language
from campaign.web.limits import SIGN_IN_LINKS, SIGN_IN_LINKS_PER_ADDRESS, limit_mail, limiter
from campaign.web.portal import access
from campaign.web.portal.forms import AddressForm, faults, read_email
from campaign.web.portal.page import render_donor_page

blueprint = access.public_blueprint("donor_sign_in")

# A donor's link is never `closed`: see `Audience.hides_barred`.
_UNUSABLE = {
    LinkState.used: lazy_gettext("This link was already used. Each link works only once."),
    LinkState.expired: lazy_gettext("This link has expired."),
    LinkState.unknown: lazy_gettext("We do not recognize this link. It may be incomplete."),
}


@blueprint.get("")
def page() -> ResponseReturnValue:
    """Show the donor page, or the form that requests a link if no donor is signed in."""
    if access.find_visitor() is not None:
        return render_donor_page(done=request.args.get("message", ""))
    return _link_form(AddressForm(formdata=None), closed=request.args.get("message") == "closed")


@blueprint.post("")
@limiter.limit(SIGN_IN_LINKS_PER_ADDRESS, key_func=access.network_key)
@limiter.limit(SIGN_IN_LINKS, key_func=access.email_key)
@limit_mail
def ask() -> ResponseReturnValue:
    """Queue a request for a link, in the same way for every address: who is behind it is looked up by the worker."""
    form = AddressForm()
    email = read_email(form)
    if not email:
        return make_response(_link_form(form), 422)
    here = installation()
    domain = here.settings.mail_from.domain
    with here.sessions.begin() as session:
        queue_link(session, email, requested_language(), domain, clock.now())
    here.notify(OUTBOX)
    return redirect(url_for(".sent", lang=requested_language() or None), 303)


@blueprint.get("/sent")
def sent() -> ResponseReturnValue:
    """Show that a link was sent if the address is known."""
    return render_template(
        "donor/me_sent.html", page_title=page_language().gettext("Check your email")
    )


@blueprint.get("/link/<secret>")
def link(secret: str) -> ResponseReturnValue:
    """Show a page with a button: mail scanners follow links, and must not use them up."""
    checked = _check(secret, DonorLinkPurpose.open)
    if checked.state is not LinkState.good:
        return _unusable(checked.state)
    title = page_language().gettext("Open your donor page")
    return render_template("donor/me_link.html", page_title=title)


@blueprint.post("/link/<secret>")
def use(secret: str) -> ResponseReturnValue:
    """Use the link, once, and sign the donor in."""
    at = clock.now()
    with installation().sessions.begin() as session:
        used = use_link(session, DONOR_LINKS[DonorLinkPurpose.open], secret, at)
        if used.person is None:
            return _unusable(used.state)
        session_secret = begin_donor_session(session, used.person, at)
    answer = redirect(url_for(".page", lang=requested_language() or None), 303)
    return access.set_session_cookie(make_response(answer), session_secret)


@blueprint.get("/address/<secret>")
def address(secret: str) -> ResponseReturnValue:
    """Show a button that confirms the new email address."""
    checked = _check(secret, DonorLinkPurpose.address)
    if checked.link is None:
        return _unusable(checked.state)
    title = page_language().gettext("Confirm this address")
    return render_template("donor/me_address.html", page_title=title, email=checked.link.email)


@blueprint.post("/address/<secret>")
def confirm(secret: str) -> ResponseReturnValue:
    """Confirm the new email address and use it from now on."""
    here, known, email = installation(), False, ""
    try:
        with here.sessions.begin() as session:
            used = confirm_address(session, secret, here.settings.mail_from.domain, clock.now())
            if used.person is None:
                return _unusable(used.state)
            use_language(used.person.locale)
            email = used.person.email
    except DonorKnown:
        known = True
    except DonorInvalid:
        return _unusable(LinkState.unknown)
    here.notify(OUTBOX)
    page = render_template(
        "donor/me_confirmed.html",
        page_title=page_language().gettext("Your address"),
        email=email,
        known=known,
    )
    return make_response(page, 409 if known else 200)


@blueprint.post("/finish")
def finish() -> ResponseReturnValue:
    """End the session and clear the browser. Needs no token: signing out is harmless, and must always work."""
    found = access.find_visitor()
    if found is not None:
        with installation().sessions.begin() as session:
            end_session(session, DONORS, found.secret, clock.now())
    answer = redirect(url_for(".finished", lang=shared_language()), 303)
    return access.clear_session_cookie(make_response(answer))


@blueprint.get("/finished")
def finished() -> ResponseReturnValue:
    """Show that the donor page is closed. The page is the same for everyone."""
    return render_template(
        "donor/me_finished.html", page_title=page_language().gettext("Your donor page is closed")
    )


def _check(secret: str, purpose: DonorLinkPurpose) -> CheckedLink[Donor, DonorLink]:
    with installation().sessions() as session:
        checked = check_link(session, DONOR_LINKS[purpose], secret, clock.now())
    if checked.person is not None:
        use_language(checked.person.locale)
    return checked


def _link_form(form: AddressForm, *, closed: bool = False) -> str:
    return render_template(
        "donor/me_sign_in.html",
        page_title=page_language().gettext("Your gifts"),
        form=form,
        closed=closed,
        errors=faults(form),
    )


def _unusable(state: LinkState) -> Response:
    page = render_template(
        "donor/me_link_unusable.html",
        page_title=page_language().gettext("This link does not work"),
        reason=_UNUSABLE[state],
    )
    return make_response(page, 410)
