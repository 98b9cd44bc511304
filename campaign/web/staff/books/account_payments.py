"""The account's payments and subscriptions that nobody knows here: take in one or all of a filter. For finance."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.adoption.booking import RECEIPTS
from campaign.adoption.flow import AdoptionOrder
from campaign.adoption.runs import TASK, begin_run, find_run, recent_runs, take_back
from campaign.adoption.unknown import AccountFilter, UnknownPage, read_page
from campaign.core import clock
from campaign.core.errors import DeadlineInvalid, GatewayRefused, GatewayUnavailable, NotFound
from campaign.models import AccountObject, AdoptionAction, StaffRole
from campaign.offline.recent import campaign_choices
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.layout import organization_zone
from campaign.web.staff.core.paging import pages

blueprint = staff_blueprint("account_payments", "/account-payments")

LISTED = 25
CHUNKS = 3
"""How many hundreds of Stripe's objects one request looks at."""

LONGEST = 200
RECEIPT_CHOICES = {
    "newest": "of the newest payment",
    "all": "of every payment",
    "none": "none",
}


@blueprint.get("")
@needs(StaffRole.finance)
def listed() -> ResponseReturnValue:
    """List what nobody knows, newest first, as Stripe has it now."""
    return _list_page()


def _list_page(fault: str = "") -> str:
    page, trouble, before = UnknownPage((), None), "", request.args.get("before") or None
    try:
        asked = _filter()
        page = read_page(installation(), asked, before, limit=LISTED, chunks=CHUNKS)
    except DeadlineInvalid as error:
        asked, fault = AccountFilter(), str(error)
    except (GatewayUnavailable, GatewayRefused) as error:
        trouble = str(error)
    with installation().sessions() as session:
        campaigns = list(campaign_choices(session))
        runs = recent_runs(session)
    return render_template(
        "staff/books/account_payments.html",
        page_title="Payments made elsewhere",
        page=page,
        fields=request.values,
        trouble=trouble,
        fault=fault,
        campaigns=campaigns,
        receipts=RECEIPT_CHOICES,
        runs=runs,
        pages=pages(None, page.after),
    )


def _filter() -> AccountFilter:
    fields, zone = request.values, organization_zone()
    kinds = {one.value: one for one in AccountObject}

    def start(name: str) -> datetime | None:
        text = fields.get(name, "").strip()
        return clock.parse_start(text, zone) if text else None

    until = fields.get("until", "").strip()
    return AccountFilter(
        kind=kinds.get(fields.get("kind", ""), AccountObject.payment),
        since=start("since"),
        until=clock.parse_end(until, zone) if until else None,
        search=fields.get("q", "").strip()[:LONGEST],
        left=fields.get("show") == "left",
    )


@blueprint.post("")
@needs(StaffRole.finance)
def request_run() -> ResponseReturnValue:
    """Take in, leave alone or list again what is checked, or all that the filter finds. A worker does it."""
    form: Any = request.form
    names = [] if form.get("all") else form.getlist("stripe_id")[:1000]
    if not names and not form.get("all"):
        return _list_page("Check at least one line, or choose all that the filter finds."), 422
    if form.get("do") == "list_again":
        with installation().sessions.begin() as session:
            take_back(session, names, actor())
        flash("Listed again.")
        return redirect(url_for("account_payments.listed"), 303)
    action = AdoptionAction.leave_alone
    if form.get("do") == "take_in":
        action = AdoptionAction.take_in
    receipts = form.get("receipts", RECEIPTS[0])
    order = AdoptionOrder(
        form.get("campaign", ""),
        form.get("email", "").strip() if len(names) == 1 else "",
        receipts if receipts in RECEIPTS else RECEIPTS[0],
    )
    try:
        with installation().sessions.begin() as session:
            run_id = begin_run(session, action, _filter(), order, names, actor()).id
    except (NotFound, DeadlineInvalid) as error:
        return _list_page(str(error)), 422
    installation().notify(TASK)
    return redirect(url_for("account_payments.run", run_id=run_id), 303)


@blueprint.get("/runs/<int:run_id>")
@needs(StaffRole.finance)
def run(run_id: int) -> ResponseReturnValue:
    """Show how far a request has come, and what was refused."""
    with installation().sessions() as session:
        found = find_run(session, run_id)
        campaign = found.campaign.title if found.campaign else ""
    return render_template(
        "staff/books/account_payments_run.html",
        page_title=f"Request {run_id}",
        run=found,
        campaign=campaign,
    )
