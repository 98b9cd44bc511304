"""What a donor's own page says, in the donor's language. Words and formats; nothing is changed here."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from campaign.campaigns import formatting
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.donations.consents import WORDING
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
from campaign.web.language import page_language, requested_language
from campaign.web.portal import access
from campaign.web.portal.subscription_page import local_date, summarize

CONFIRMATIONS = {
    "receipt": lazy_gettext("The receipt is on its way to your address."),
    "receipt_waits": lazy_gettext(
        "This receipt cannot be sent again right now; perhaps it is on its way already. You can open it here."
    ),
    "details": lazy_gettext("What you changed is kept."),
    "address": lazy_gettext(
        "A letter is on its way to the new address. Nothing changes until you confirm it there."
    ),
    "appeals_yes": lazy_gettext("We will write to you about campaigns."),
    "appeals_no": lazy_gettext("We will not write to you about campaigns any more."),
    "wall": lazy_gettext("Your name is off the donor wall."),
    "erasure": lazy_gettext("Your request is kept. A letter that confirms it is on its way."),
    "stays": lazy_gettext("Your request is withdrawn. Nothing is removed."),
}
"""What was done, by the word that stands in the address afterwards."""

_STATES = {
    DonationState.processing: lazy_gettext("under way"),
    DonationState.failed: lazy_gettext("taken back by the bank"),
    DonationState.partially_refunded: lazy_gettext("partly refunded"),
    DonationState.refunded: lazy_gettext("refunded"),
    DonationState.disputed: lazy_gettext("disputed"),
    DonationState.dispute_lost: lazy_gettext("taken back by the bank"),
}
_KINDS = {
    OfflineKind.cheque: lazy_gettext("by check"),
    OfflineKind.cash: lazy_gettext("in cash"),
    OfflineKind.donor_advised_fund: lazy_gettext("from a donor-advised fund"),
    OfflineKind.stock: lazy_gettext("in stock"),
}
_TAKEN_BACK = {
    ReversalReason.bounced: lazy_gettext("returned by the bank"),
    ReversalReason.mistake: lazy_gettext("entered by mistake, does not count"),
    ReversalReason.returned: lazy_gettext("sent back to you"),
}


def render_donor_page(
    *, every: bool = False, done: str = "", notice: Notice | None = None, status: int = 200
) -> Response:
    """The page of who has it open, at `status`; `done` is a key of SAID, `every` shows all gifts."""
    with installation().sessions() as session:
        donor = session.get_one(Donor, access.visitor().donor.id)
        page = render_template(
            "donor/me.html",
            page_title=page_language().gettext("Your gifts"),
            notice=notice,
            language=CONFIRMATIONS.get(done, ""),
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
        "renewing": [summarize(one) for one in found.renewing],
        "years": found.years,
        "this_year": str(today.year),
        "next_year": str(today.year + 1),
        "appeals": appeal_preference(session, donor).value,
        "consent_wording": page_language().gettext(WORDING),
        "erasure_text": local_date(request.asked_at) if request else "",
        "every_url": url_for("donor_page.all_gifts", lang=requested_language() or None),
    }


def donor_values(donor: Donor) -> dict[str, Any]:
    """Who the donor is, as every page below `/me` may say it."""
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
        "amount_text": _what(gift),
        "campaign_title": campaign_title(gift.campaign),
        "frequency": gift.frequency,
        "state_texts": list(filter(None, (_way(offline), _state(gift, offline)))),
        "left_text": _left(gift),
        "named": _named(found.named.get(gift.id)),
        "receipt_url": url_for("donor.receipt", token=receipt.token) if receipt else "",
        "paper_url": url_for("donor.receipt_paper", token=receipt.token) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "acknowledges_grant": bool(receipt and receipt.frozen.get("acknowledges") == GRANT),
        "void": bool(receipt and receipt.amount == 0),
    }


def _named(entry: WallEntry | None) -> str:
    """As what the donor stands on the wall: `Ana, Astoria`."""
    return ", ".join(filter(None, (entry.first_name, entry.place))) if entry else ""


def _what(gift: Donation) -> str:
    """What was given; property is described, since its value is the donor's to say."""
    receipt = gift.receipt
    if receipt and receipt.frozen.get("acknowledges") == PROPERTY:
        return str(receipt.frozen["amount_text"])
    return formatting.amount(gift.charge, gift.currency, page_language())


def _way(offline: OfflineGift | None) -> str:
    return str(_KINDS[OfflineKind(offline.kind)]) if offline else ""


def _state(gift: Donation, offline: OfflineGift | None) -> str:
    if offline is not None and offline.reversal_reason:
        return str(_TAKEN_BACK[ReversalReason(offline.reversal_reason)])
    return str(_STATES.get(DonationState(gift.state), ""))


def _left(gift: Donation) -> str:
    """What stands of a gift of which a part went back."""
    receipt = gift.receipt
    if gift.state != DonationState.partially_refunded or receipt is None:
        return ""
    return formatting.amount(receipt.amount, receipt.currency, page_language())
