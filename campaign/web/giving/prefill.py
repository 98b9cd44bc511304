"""Create the initial form: empty, or filled from the query string, such as `?amount=25&frequency=monthly&code=…`.

Anyone can create such a link, so it never fills in personal data, and invalid amounts and frequencies are ignored.
"""

from collections.abc import Mapping

from campaign.core import clock, money
from campaign.core.errors import AmountInvalid
from campaign.models import Campaign, Frequency
from campaign.models.base import new_token
from campaign.web.forms import GiftForm, clean
from campaign.web.giving.form_parsing import read_amount
from campaign.web.giving.form_signals import sign_rendering
from campaign.web.language import page_language


def empty_form(campaign: Campaign, given: Mapping[str, str]) -> GiftForm:
    """Return a new form for `campaign` with the amount, frequency, code and shared-computer flag from `given`."""
    form = GiftForm(formdata=None)
    frequency = given.get("frequency", "")
    if frequency in set(Frequency):
        form.frequency.data = frequency
    form.amount.data = _amount(given.get("amount", ""), campaign)
    form.code.data = clean(given.get("code"))[:64]
    form.shared.data = given.get("shared", "") == "1"
    form.attempt.data = new_token()
    form.rendered.data = sign_rendering(clock.now())
    return form


def _amount(text: str, campaign: Campaign) -> str:
    """Return the amount in the format of the form's choices, or '' if it is invalid."""
    try:
        minor = read_amount(text, campaign)
    except AmountInvalid:
        return ""
    return money.plain_amount(minor, campaign.currency, page_language().formats)
