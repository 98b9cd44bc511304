"""Read the filters of the donation list from the query string. Invalid values are reported, never ignored."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import DateField, Field, SearchField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from campaign.core import clock, money
from campaign.core.errors import AmountInvalid
from campaign.core.input_limits import read_key
from campaign.donors.donation_list import DonationFilters, PaymentChannel
from campaign.donors.keyset_paging import Cursor
from campaign.models import Campaign, DonationState, Frequency
from campaign.web.staff.core.layout import organization_zone

EVERY = SelectChoice("", "All")
WAYS = {PaymentChannel.card: "Card or bank debit", PaymentChannel.offline: "Offline"}


def spoken(name: str) -> str:
    """Return the label of a state or frequency: `One time` for `one_time`."""
    return name.replace("_", " ").capitalize()


def _choices(names: Iterable[str]) -> list[SelectChoice]:
    return [EVERY, *(SelectChoice(str(name), spoken(name)) for name in names)]


class FilterForm(FlaskForm):
    """The search and the filters of the donation list. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    q = SearchField()
    campaign = SelectField(validate_choice=False)
    state = SelectField(choices=_choices(DonationState), validate_choice=False)
    frequency = SelectField(choices=_choices(Frequency), validate_choice=False)
    kind = SelectField(
        choices=[EVERY, *(SelectChoice(str(way), words) for way, words in WAYS.items())],
        validate_choice=False,
    )
    since = DateField(name="from")
    until = DateField(name="to")
    least = StringField()
    most = StringField()


class FilterReader:
    """Reads the query string of the list: `form.errors` has the errors, `filters` the valid filters."""

    def __init__(self, session: Session) -> None:
        self._campaigns: Sequence[Campaign] = session.scalars(
            select(Campaign).order_by(Campaign.id.desc())
        ).all()
        self.form = FilterForm(formdata=request.args)
        self.form.campaign.choices = [
            EVERY,
            *(SelectChoice(one.slug, one.title) for one in self._campaigns),
        ]
        self.form.form_errors = []
        self._refuse_unknown()
        self._refuse_broken_days()
        self.cursor = Cursor(self._key("before"), self._key("after"))
        self.filters = self._filters()

    @property
    def wrong(self) -> bool:
        """Whether anything in the query string is invalid."""
        return bool(self.form.errors)

    @property
    def narrowed(self) -> bool:
        """Whether a filter or a search is set."""
        return self.filtered or bool(self.form.q.data)

    @property
    def filtered(self) -> bool:
        """Whether a filter is set, valid or not. The search does not count as a filter."""
        beside = {"q", "before", "after"}
        return any(value for name, value in request.args.items() if name not in beside)

    def _filters(self) -> DonationFilters:
        form, zone = self.form, organization_zone()
        campaign = self._campaign()
        since, until = form.since.data, form.until.data
        if since and until and since > until:
            _refuse(form.until, f"The last day, {until}, is before the first, {since}.")
        currency = self._currency(campaign)
        return DonationFilters(
            campaign_id=campaign.id if campaign else None,
            state=self._one_of(form.state, DonationState),
            frequency=self._one_of(form.frequency, Frequency),
            way=PaymentChannel(chosen)
            if (chosen := self._one_of(form.kind, PaymentChannel))
            else None,
            since=clock.start_of_day(since, zone) if since else None,
            until=clock.end_of_day(until, zone) if until else None,
            least=self._amount(form.least, currency),
            most=self._amount(form.most, currency),
            currency=currency,
        )

    def _refuse_unknown(self) -> None:
        known = {field.name for field in self.form} | {"before", "after"}
        for name in sorted(set(request.args) - known):
            self.form.form_errors.append(f"There is no filter named “{name}”.")

    def _refuse_broken_days(self) -> None:
        for field in (self.form.since, self.form.until):
            typed = request.args.get(field.name, "").strip()
            known = isinstance(field.data, date) and 1900 <= field.data.year < 3000
            if typed and not known:
                field.data = None
                _refuse(field, f"“{typed}” is not a date. Write it as 2026-12-31.")

    def _key(self, name: str) -> int | None:
        text = request.args.get(name)
        key = None if text is None else read_key(text)
        if text is None or key is not None:
            return key
        self.form.form_errors.append(f"“{text}” is not a valid page. Start from the first page.")
        return None

    def _campaign(self) -> Campaign | None:
        slug = self.form.campaign.data
        if not slug:
            return None
        found = next((one for one in self._campaigns if one.slug == slug), None)
        if found is None:
            _refuse(self.form.campaign, f"There is no campaign named “{slug}”.")
        return found

    def _one_of(self, field: Field, names: Iterable[str]) -> str | None:
        if not field.data:
            return None
        if field.data not in {str(name) for name in names}:
            _refuse(field, f"“{field.data}” is not one of the choices.")
            return None
        return str(field.data)

    def _currency(self, campaign: Campaign | None) -> str | None:
        """Return the currency of the amount filters, or None if the listed campaigns use several currencies."""
        used = {campaign.currency} if campaign else {one.currency for one in self._campaigns}
        return used.pop() if len(used) == 1 else None

    def _amount(self, field: Any, currency: str | None) -> int | None:
        typed = (field.data or "").strip()
        if not typed:
            return None
        if currency is None:
            _refuse(field, "Choose a campaign first. The amount is in its currency.")
            return None
        try:
            return money.parse_amount(typed, currency)
        except AmountInvalid as error:
            _refuse(field, str(error))
            return None


def _refuse(field: Field, words: str) -> None:
    field.errors = [*(field.errors or []), words]
