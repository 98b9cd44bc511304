"""Offline gifts: enter them one after another by keyboard, list the latest, reverse one. For finance."""

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.core import clock, money
from campaign.core.errors import (
    CampaignError,
    DepositRefused,
    OfflineGiftInvalid,
    OfflineGiftKnown,
    ReversalRefused,
)
from campaign.core.task_queue import OUTBOX
from campaign.donations.offline_kinds import KIND_NAMES, REVERSAL_REASONS, REVERSAL_TEXTS
from campaign.models import Donation, ReversalReason, StaffRole
from campaign.offline.coupon_codes import read_code
from campaign.offline.deposits import open_batches, read_contents
from campaign.offline.direct_mail_codes import find_direct_mail_piece, mailing_address
from campaign.offline.entry import EntryResult, UnresolvedEntry, record_offline_gift
from campaign.offline.entry_parsing import read_entry
from campaign.offline.recent import campaign_choices, describe_donor, latest_entries
from campaign.offline.reversals import find_offline_gift, reversal_reasons, reverse
from campaign.web.context import installation
from campaign.web.staff.books.offline_form import STAYS, OfflineGiftForm
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.layout import organization_zone

blueprint = staff_blueprint("offline", "/offline")

LISTED = 12


@blueprint.get("")
@needs(StaffRole.finance)
def page() -> ResponseReturnValue:
    """Show the empty form. The query string brings the fields kept from the last gift, and a coupon's code."""
    form = OfflineGiftForm(formdata=None)
    for name in (*STAYS, "code"):
        if name in request.args:
            form[name].data = request.args[name]
    with installation().sessions() as session:
        coupon = _describe_coupon(session, form.code.data or "", form)
        return _form_page(session, form, coupon=coupon)


def _describe_coupon(session: Session, code: str, form: OfflineGiftForm) -> str:
    """Describe a code in a sentence; '' for no code. Select its campaign in the form and fill in its recipient."""
    if not code.strip():
        return ""
    try:
        found = read_code(session, code)
    except OfflineGiftInvalid as error:
        return str(error)
    form.campaign.data = found.campaign.slug
    posted = find_direct_mail_piece(session, found)
    if posted is not None:
        form.fill_in(posted.name, mailing_address(posted))
        return f"{found.code} was mailed to {posted.name} for {found.campaign.title}."
    article = f", article {found.article}" if found.article else ""
    return f"{found.code} is a coupon for {found.campaign.title}{article}."


def _form_page(session: Session, form: OfflineGiftForm, coupon: str = "") -> str:
    """Render the page with `form` and the latest entries."""
    campaigns, batches = campaign_choices(session), open_batches(session)
    form.offer(campaigns, batches, _today())
    chosen = next((one for one in batches if str(one.id) == form.batch.data), None)
    return render_template(
        "staff/offline/page.html",
        page_title="Offline gifts",
        form=form,
        coupon=coupon,
        batch=read_contents(session, chosen) if chosen else None,
        listed=latest_entries(session, LISTED),
        kinds=KIND_NAMES,
        reversal_texts=REVERSAL_TEXTS,
        campaigns=campaigns,
    )


def _today() -> str:
    return str(clock.now().astimezone(organization_zone()).date())


@blueprint.post("")
@needs(StaffRole.finance)
def enter() -> ResponseReturnValue:
    """Record one gift, or show the form again with its errors or with the questions to answer first."""
    form = OfflineGiftForm()
    try:
        outcome = _record_entry(form)
    except OfflineGiftInvalid as error:
        form.complain(error.faults)
    except OfflineGiftKnown as error:
        form.complain({"reference": str(error)})
    except DepositRefused as error:
        form.complain({"batch": str(error)})
    else:
        if isinstance(outcome, EntryResult):
            installation().notify(OUTBOX)
            return redirect(url_for("offline.page", **form.kept()), 303)
        form.ask(outcome)
    with installation().sessions() as session:
        return _form_page(session, form), 422


def _record_entry(form: OfflineGiftForm) -> EntryResult | UnresolvedEntry:
    with installation().sessions.begin() as session:
        at = clock.now()
        entry = read_entry(session, form.written(), at, organization_zone())
        outcome = record_offline_gift(
            session, entry, form.choices(), actor(), installation().books, at
        )
        if isinstance(outcome, EntryResult):
            flash(_entry_message(outcome))
            if outcome.new and _lacks_address(outcome.gift.donation):
                flash("There is no address. The receipt is not sent until you add one.")
        return outcome


def _entry_message(outcome: EntryResult) -> str:
    donation = outcome.gift.donation
    amount = money.format_money(donation.amount, donation.currency)
    giver = donation.name or donation.email or "an unnamed donor"
    before = "Saved" if outcome.new else "Already saved"
    place = f" It does not count for a campaign: {outcome.why_not}." if outcome.why_not else ""
    counted = f" for {donation.campaign.title}" if outcome.new and not place else ""
    return f"{before}: {amount} from {giver}, {outcome.gift.reference}{counted}.{place}"


def _lacks_address(donation: Donation) -> bool:
    return bool(donation.name) and not (donation.email or donation.donor.address)


@blueprint.get("/duplicates")
@needs(StaffRole.finance)
def duplicates() -> ResponseReturnValue:
    """Look up a coupon code and an email address for the form while it is being filled in. Returns JSON."""
    form = OfflineGiftForm(formdata=None)
    with installation().sessions() as session:
        code, email = request.args.get("code", ""), request.args.get("email", "")
        found = {"code": _describe_coupon(session, code, form), "campaign": form.campaign.data}
        found |= {"giver": form.giver()} if form.name.data else {}
        return found | {"email": describe_donor(session, email) if email.strip() else ""}


@blueprint.get("/<public_id>")
@blueprint.get("/<public_id>/reverse")
@needs(StaffRole.finance)
def ask_reversal(public_id: str) -> ResponseReturnValue:
    """Ask for confirmation before a gift is reversed; afterwards show the reversal."""
    return _reversal_page(public_id, {})


def _reversal_page(public_id: str, faults: dict[str, str]) -> str:
    with installation().sessions() as session:
        gift = find_offline_gift(session, public_id)
        return render_template(
            "staff/offline/reverse.html",
            page_title=f"Reverse {gift.reference}",
            gift=gift,
            donation=gift.donation,
            kinds=KIND_NAMES,
            reasons=[(one.value, REVERSAL_REASONS[one]) for one in reversal_reasons(gift)],
            reversal_texts=REVERSAL_TEXTS,
            chosen=request.form.get("reason", ""),
            on_day=request.form.get("day", _today()),
            faults=faults,
        )


@blueprint.post("/<public_id>/reverse")
@needs(StaffRole.finance)
def confirm_reversal(public_id: str) -> ResponseReturnValue:
    """Reverse the gift. Submitting the form again changes nothing."""
    try:
        reason = ReversalReason(request.form.get("reason", ""))
    except ValueError:
        return _reversal_page(public_id, {"reason": "Choose a reason."}), 422
    try:
        day = date.fromisoformat(request.form.get("day", ""))
        with installation().sessions.begin() as session:
            outcome = reverse(
                session, public_id, reason, day, actor(), installation().books, clock.now()
            )
            words = "Reversed" if outcome.new else "Already reversed"
            flash(f"{words}: {outcome.gift.reference} no longer counts, and its receipt is void.")
    except (ReversalRefused, ValueError) as error:
        words = str(error) if isinstance(error, CampaignError) else "Enter a date as 2026-12-31."
        return _reversal_page(public_id, {"day": words}), 422
    installation().notify(OUTBOX)
    return redirect(url_for("offline.ask_reversal", public_id=public_id), 303)
