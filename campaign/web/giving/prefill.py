"""The form as first shown: empty, or filled from its address, such as `?amount=25&frequency=monthly&code=…`.

Anyone may make such an address, so nothing of a person is ever read from it, and what is no amount or no frequency is
left out without a word.
"""

from collections.abc import Mapping

from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.models import Campaign, Frequency
from campaign.models.base import new_token
from campaign.web.forms import GiftForm, clean
from campaign.web.giving.form_parsing import read_amount
from campaign.web.language import page_language


def empty_form(campaign: Campaign, given: Mapping[str, str]) -> GiftForm:
    """A new form for `campaign`, with what `given` says of amount, frequency, code and computer."""
    form = GiftForm(formdata=None)
    frequency = given.get("frequency", "")
    if frequency in set(Frequency):
        form.frequency.data = frequency
    form.amount.data = _amount(given.get("amount", ""), campaign)
    form.code.data = clean(given.get("code"))[:64]
    form.shared.data = given.get("shared", "") == "1"
    form.attempt.data = new_token()
    return form


def _amount(text: str, campaign: Campaign) -> str:
    """As the form's own choices are written; '' where it cannot be given."""
    try:
        minor = read_amount(text, campaign)
    except AmountInvalid:
        return ""
    return money.plain_amount(minor, campaign.currency, page_language().formats)
