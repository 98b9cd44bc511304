"""Render the donor page in the donor's language. Formats only; changes nothing."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from campaign.campaigns import formatting
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.donor_portal.donation_history import DonorGifts, list_donor_gifts
from campaign.donor_portal.preferences import appeal_preference
from campaign.models import (
    Donation,
    DonationState,
    Donor,
    OfflineGift,
    OfflineKind,
    ReversalReason,
    WallEntry,
)
from campaign.privacy.erasure_requests import open_request
from campaign.receipts.receipt_text import GRANT, PROPERTY
from campaign.web.appeal.page import Notice
from campaign.web.appeal.page_content import campaign_title
from campaign.web.context import installation
from campaign.web.giving.form_parsing import subscribe_wording
from campaign.web.language import page_language, requested_language
from campaign.web.portal import access
from campaign.web.portal.subscription_page import local_date, summarize

CONFIRMATIONS = {
    "receipt": lazy_gettext("The receipt is on its way to your email address."),
    "receipt_waits": lazy_gettext(
        "We cannot send this receipt again right now. It may already be on its way. You can open it here."
    ),
    "details": lazy_gettext("Your changes are saved."),
    "address": lazy_gettext(
        "An email is on its way to the new address. Nothing changes until you confirm it there."
    ),
    "appeals_yes": lazy_gettext("We will email you about campaigns."),
    "appeals_no": lazy_gettext("We will no longer email you about campaigns."),
    "wall": lazy_gettext("Your name is no longer on the donor wall."),
    "erasure": lazy_gettext("We received your request. An email that confirms it is on its way."),
    "stays": lazy_gettext("Your request is withdrawn. Nothing will be deleted."),
}
"""Confirmation messages by the `said` parameter of the URL."""

_STATES = {
    DonationState.processing: lazy_gettext("processing"),
    DonationState.failed: lazy_gettext("reversed by the bank"),
    DonationState.partially_refunded: lazy_gettext("partially refunded"),
    DonationState.refunded: lazy_gettext("refunded"),
    DonationState.disputed: lazy_gettext("disputed"),
    DonationState.dispute_lost: lazy_gettext("reversed by the bank"),
}
_KINDS = {
    OfflineKind.cheque: lazy_gettext("by check"),
    OfflineKind.cash: lazy_gettext("in cash"),
    OfflineKind.donor_advised_fund: lazy_gettext("from a donor-advised fund"),
    OfflineKind.stock: lazy_gettext("in stock"),
}
_REVERSED = {
    ReversalReason.bounced: lazy_gettext("returned by the bank"),
    ReversalReason.mistake: lazy_gettext("entered by mistake, not counted"),
    ReversalReason.returned: lazy_gettext("returned to you"),
}


def render_donor_page(
    *, every: bool = False, done: str = "", notice: Notice | None = None, status: int = 200
) -> Response:
    """Render the signed-in donor's page with `status`; `done` is a key of SAID, `every` lists all gifts."""
    with installation().sessions() as session:
        donor = session.get_one(Donor, access.visitor().donor.id)
        page = render_template(
            "donor/me.html",
            page_title=page_language().gettext("Your gifts"),
            notice=notice,
            message=CONFIRMATIONS.get(done, ""),
            **_values(session, donor, every=every),
        )
    return make_response(page, status)


def _values(session: Session, donor: Donor, *, every: bool) -> dict[str, Any]:
    zone = ZoneInfo(installation().settings.organization.timezone)
    today = clock.now().astimezone(zone).date()
    found = list_donor_gifts(session, donor, today, every=every)
    request = open_request(session, donor)
    return {
        **donor_values(donor),
        "token": access.page_token(),
        "gifts": [_gift(gift, found) for gift in found.gifts],
        "number": found.number,
        "subscriptions": [summarize(one) for one in found.subscriptions],
        "years": found.years,
        "this_year": str(today.year),
        "next_year": str(today.year + 1),
        "appeals": appeal_preference(session, donor).value,
        "consent_wording": subscribe_wording(),
        "erasure_text": local_date(request.asked_at) if request else "",
        "every_url": url_for("donor_page.all_gifts", lang=requested_language() or None),
    }


def donor_values(donor: Donor) -> dict[str, Any]:
    """Return the donor's details for the pages below `/me`."""
    return {
        "name": donor.name,
        "email": donor.email,
        "address_lines": donor.address.splitlines(),
        "language": get_language(donor.locale).native_name,
    }


def _gift(gift: Donation, found: DonorGifts) -> dict[str, Any]:
    receipt, offline = gift.receipt, found.offline.get(gift.id)
    return {
        "id": gift.public_id,
        "date_text": (
            formatting.long_date(receipt.gift_date, page_language())
            if receipt
            else local_date(gift.charged_at or gift.created_at)
        ),
        "amount_text": _amount(gift),
        "campaign_title": campaign_title(gift.campaign),
        "frequency": gift.frequency,
        "state_texts": list(filter(None, (_kind(offline), _state(gift, offline)))),
        "left_text": _remaining(gift),
        "named": _named(found.named.get(gift.id)),
        "receipt_url": url_for("donor.receipt", token=receipt.token) if receipt else "",
        "paper_url": url_for("donor.receipt_paper", token=receipt.token) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "acknowledges_grant": bool(receipt and receipt.frozen.get("acknowledges") == GRANT),
        "void": bool(receipt and receipt.amount == 0),
    }


def _named(entry: WallEntry | None) -> str:
    """Return the donor's entry on the donor wall, such as `Ana, Astoria`."""
    return ", ".join(filter(None, (entry.first_name, entry.place))) if entry else ""


def _amount(gift: Donation) -> str:
    """Return the amount, or the description of property, whose value only the donor may state."""
    receipt = gift.receipt
    if receipt and receipt.frozen.get("acknowledges") == PROPERTY:
        return str(receipt.frozen["amount_text"])
    return formatting.amount(gift.charge, gift.currency, page_language())


def _kind(offline: OfflineGift | None) -> str:
    return str(_KINDS[OfflineKind(offline.kind)]) if offline else ""


def _state(gift: Donation, offline: OfflineGift | None) -> str:
    if offline is not None and offline.reversal_reason:
        return str(_REVERSED[ReversalReason(offline.reversal_reason)])
    return str(_STATES.get(DonationState(gift.state), ""))


def _remaining(gift: Donation) -> str:
    """Return the remaining amount of a partially refunded gift, else ''."""
    receipt = gift.receipt
    if gift.state != DonationState.partially_refunded or receipt is None:
        return ""
    return formatting.amount(receipt.amount, receipt.currency, page_language())
