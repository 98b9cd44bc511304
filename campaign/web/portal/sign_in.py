"""The way to a donor's own page: asking for a link, its button, the link that confirms an address, and the way out.

What is answered never tells whether an address is known, nor does the time that it takes.
"""

import time

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from campaign.auth.donor_links import LinkState, Looked, look_at_link, use_link
from campaign.auth.donor_sessions import begin_session, end_session
from campaign.core import clock
from campaign.core.errors import DonorInvalid, DonorKnown
from campaign.core.task_queue import OUTBOX
from campaign.donor_portal.emails import queue_link
from campaign.donor_portal.profile import confirm_address
from campaign.models import DonorLinkPurpose
from campaign.runtime.context import Installation
from campaign.web.context import installation
from campaign.web.language import asked_language, said, shared_language, speak
from campaign.web.limits import limiter
from campaign.web.portal import access
from campaign.web.portal.forms import AddressForm, faults, read_email
from campaign.web.portal.page import render_own_page

blueprint = access.open_blueprint("own_page_entry")

EVEN = 0.15
"""Seconds that asking takes whether the address is known or not; longer than either does."""

_SPENT = {
    LinkState.used: lazy_gettext("This link was used before, and works only once."),
    LinkState.expired: lazy_gettext("This link has expired."),
    LinkState.unknown: lazy_gettext("This link is not known here; it may be incomplete."),
}


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The page of who has it open; else where to ask for a link."""
    if access.find_visitor() is not None:
        return render_own_page(done=request.args.get("said", ""))
    return _asking(AddressForm(formdata=None), closed=request.args.get("said") == "closed")


@blueprint.post("")
@limiter.limit(access.LINKS_HERE, key_func=access.network)
@limiter.limit(access.LINKS, key_func=access.typed_email)
def ask() -> ResponseReturnValue:
    """Have a link mailed. It is queued before the answer: a process that dies in between must not lose it unseen."""
    began = time.monotonic()
    form = AddressForm()
    email = read_email(form)
    if not email:
        return make_response(_asking(form), 422)
    _mail(installation(), email, asked_language())
    time.sleep(max(0.0, EVEN - (time.monotonic() - began)))
    return redirect(url_for(".sent", lang=asked_language() or None), 303)


def _mail(here: Installation, email: str, locale: str) -> None:
    domain = here.settings.mail_from.domain
    with here.sessions.begin() as session:
        queued = queue_link(session, email, locale, domain, clock.now())
    if queued:
        here.nudge(OUTBOX)


@blueprint.get("/sent")
def sent() -> ResponseReturnValue:
    """After that."""
    return render_template(
        "donor/me_sent.html", page_title=said().gettext("Look into your mailbox")
    )


@blueprint.get("/link/<secret>")
def link(secret: str) -> ResponseReturnValue:
    """A page with a button: programs that scan mail follow links, and must not use them up."""
    looked = _looked_at(secret, DonorLinkPurpose.open)
    if looked.state is not LinkState.good:
        return _spent(looked)
    title = said().gettext("Open the page of your gifts")
    return render_template("donor/me_link.html", page_title=title)


@blueprint.post("/link/<secret>")
def use(secret: str) -> ResponseReturnValue:
    """Open the page in this browser, once."""
    at = clock.now()
    with installation().sessions.begin() as session:
        looked = use_link(session, secret, DonorLinkPurpose.open, at)
        if looked.donor is None:
            return _spent(looked)
        session_secret = begin_session(session, looked.donor, at)
    answer = redirect(url_for(".page", lang=asked_language() or None), 303)
    return access.let_in(make_response(answer), session_secret)


@blueprint.get("/address/<secret>")
def address(secret: str) -> ResponseReturnValue:
    """A button that confirms that letters shall come here."""
    looked = _looked_at(secret, DonorLinkPurpose.address)
    if looked.state is not LinkState.good:
        return _spent(looked)
    title = said().gettext("Confirm this address")
    return render_template("donor/me_address.html", page_title=title, email=looked.email)


@blueprint.post("/address/<secret>")
def confirm(secret: str) -> ResponseReturnValue:
    """Letters go here from now on."""
    here, known, email = installation(), False, ""
    try:
        with here.sessions.begin() as session:
            looked = confirm_address(session, secret, here.settings.mail_from.domain, clock.now())
            if looked.donor is None:
                return _spent(looked)
            speak(looked.donor.locale)
            email = looked.email
    except DonorKnown:
        known = True
    except DonorInvalid:
        return _spent(Looked(LinkState.unknown))
    here.nudge(OUTBOX)
    page = render_template(
        "donor/me_confirmed.html",
        page_title=said().gettext("Your address"),
        email=email,
        known=known,
    )
    return make_response(page, 409 if known else 200)


@blueprint.post("/finish")
def finish() -> ResponseReturnValue:
    """End the session, and leave nothing in the browser. Needs no token: it harms nobody, and must never fail."""
    found = access.find_visitor()
    if found is not None:
        with installation().sessions.begin() as session:
            end_session(session, found.secret, clock.now())
    answer = redirect(url_for(".finished", lang=shared_language()), 303)
    return access.clear(make_response(answer))


@blueprint.get("/finished")
def finished() -> ResponseReturnValue:
    """After that."""
    return render_template(
        "donor/me_finished.html", page_title=said().gettext("Everything is cleared")
    )


def _looked_at(secret: str, purpose: DonorLinkPurpose) -> Looked:
    with installation().sessions() as session:
        looked = look_at_link(session, secret, purpose, clock.now())
    if looked.donor is not None:
        speak(looked.donor.locale)
    return looked


def _asking(form: AddressForm, *, closed: bool = False) -> str:
    return render_template(
        "donor/me_ask.html",
        page_title=said().gettext("Your gifts"),
        form=form,
        closed=closed,
        errors=faults(form),
    )


def _spent(looked: Looked) -> Response:
    page = render_template(
        "donor/me_spent.html",
        page_title=said().gettext("This link opens nothing"),
        reason=_SPENT[looked.state],
    )
    return make_response(page, 410)
