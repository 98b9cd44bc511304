"""The form for an offline gift: its fields, and the values kept for the next gift."""

import secrets
from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, DateInput, ListWidget

from campaign.core.input_limits import read_key
from campaign.donations.offline_kinds import KIND_NAMES
from campaign.models import Campaign, DepositBatch, OfflineKind
from campaign.offline.donor_match import NEW_DONOR, Candidate
from campaign.offline.duplicate_checks import EntryWarning
from campaign.offline.entry import Choices, UnresolvedEntry
from campaign.offline.entry_parsing import WrittenGift

STAYS = ("kind", "received_on", "batch", "campaign")
"""Fields whose values are kept for the next gift."""

_ADDRESS = ("address", "address_2", "address_3")
_LINES = ("amount", "reference", "code", "postmarked_on", "name", "email", "description")
_CHOSEN = ("kind", "received_on", "campaign")


class OfflineGiftForm(FlaskForm):
    """One offline gift. The blueprint checks the CSRF token."""

    class Meta:
        csrf = False

    amount = StringField()
    reference = StringField()
    code = StringField()
    postmarked_on = StringField(widget=DateInput())
    name = StringField()
    email = EmailField()
    address = StringField()
    address_2 = StringField()
    address_3 = StringField()
    description = StringField()
    kind = SelectField(choices=[SelectChoice(kind.value, KIND_NAMES[kind]) for kind in OfflineKind])
    received_on = StringField(widget=DateInput())
    batch = SelectField(validate_choice=False)
    campaign = SelectField(validate_choice=False)
    token = HiddenField()
    donor = RadioField(validate_choice=False)
    waived = SelectMultipleField(
        widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validate_choice=False
    )

    def offer(
        self, campaigns: Sequence[Campaign], batches: Sequence[DepositBatch], today: str
    ) -> None:
        """Set the choices of each select field, and defaults where nothing is chosen."""
        self.campaign.choices = [SelectChoice(one.slug, one.title) for one in campaigns]
        self.batch.choices = [
            SelectChoice("", "None"),
            *(SelectChoice(str(one.id), one.name) for one in batches),
        ]
        if self.campaign.data is None and campaigns:
            self.campaign.data = campaigns[0].slug
        if self.batch.data is None:
            self.batch.data = str(batches[0].id) if len(batches) == 1 else ""
        self.kind.data = self.kind.data or OfflineKind.cheque.value
        self.received_on.data = self.received_on.data or today
        self.token.data = self.token.data or secrets.token_urlsafe(16)

    def fill_in(self, name: str, address: Sequence[str]) -> None:
        """Fill in the recipient of a mailed coupon. `address` has at most three lines."""
        self.name.data = name
        for field, line in zip(_ADDRESS, address, strict=False):
            self[field].data = line

    def giver(self) -> dict[str, str]:
        """Return name and address from the form, by field name."""
        return {name: self[name].data or "" for name in ("name", *_ADDRESS)}

    def complain(self, faults: dict[str, str]) -> None:
        """Add each error to its field."""
        for name, words in faults.items():
            found = self[name if name in self else "reference"]
            found.errors = [*found.errors, words]

    def ask(self, open_questions: UnresolvedEntry) -> None:
        """Show the warnings to confirm and the donors to choose from."""
        entry_warnings = open_questions.entry_warnings
        self.waived.choices = [SelectChoice(one.key, _waiver(one)) for one in entry_warnings]
        if entry_warnings:
            self.waived.errors = [one.words for one in entry_warnings]
        if open_questions.candidates:
            self.donor.choices = [
                *(SelectChoice(str(one.id), _donor(one)) for one in open_questions.candidates),
                SelectChoice(NEW_DONOR, "No, a new donor"),
            ]
            self.donor.errors = [
                "There is already a donor with this name. Choose whether it is the same person."
            ]

    def written(self) -> WrittenGift:
        """Return the gift as it was typed."""
        lines = ((self[name].data or "") for name in _ADDRESS)
        typed = {name: self[name].data or "" for name in (*_LINES, *_CHOSEN)}
        return WrittenGift(**typed, address="\n".join(lines))

    def choices(self) -> Choices:
        """Return the answers and options. Stock never goes into a deposit batch, even if one is selected."""
        batch = self.batch.data or ""
        paper = self.kind.data != OfflineKind.stock
        return Choices(
            waived=tuple(self.waived.data or ()),
            donor=self.donor.data or "",
            batch_id=read_key(batch) if paper else None,
            token=(self.token.data or "")[:64] or None,
        )

    def kept(self) -> dict[str, Any]:
        """Return the field values kept for the next gift."""
        return {name: self[name].data for name in STAYS if self[name].data}


def _waiver(doubt: EntryWarning) -> str:
    if doubt.key == "place":
        return "Save it anyway, without counting it for a campaign"
    return "Save it anyway: it is a different gift"


def _donor(one: Candidate) -> str:
    where = ", ".join(one.address.splitlines()) or "no address"
    times = "1 gift" if one.gifts == 1 else f"{one.gifts} gifts"
    return f"{one.name}, {where} ({times})"
