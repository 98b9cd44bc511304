"""Parse typed texts into values and collect the errors by field, so that a form can show all of them at once."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from campaign.core import clock, money
from campaign.core.errors import (
    AmountInvalid,
    CampaignError,
    DeadlineInvalid,
    FieldsInvalid,
)

LONGEST_TITLE = 200
LONGEST_APPEAL = 200_000
MAX_DESIGNATION_LENGTH = 80
LONGEST_SPONSOR = 120
MAX_SUGGESTIONS = 8

_Value = TypeVar("_Value")
_BETWEEN = re.compile(r"[;\s]+|,\s+")


class FieldReader:
    """Parse field after field. `check()` raises FieldsInvalid with all errors; until then an invalid field is None."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def read(self, name: str, parse: Callable[[], _Value]) -> _Value | None:
        """Return what `parse` returns, or None and keep its error for the field `name`."""
        try:
            return parse()
        except CampaignError as error:
            self.faults.setdefault(name, str(error))
            return None

    def require(self, name: str, truth: bool, otherwise: str) -> None:  # noqa: FBT001 - this is the condition itself
        """Keep the error `otherwise` unless `truth` is true."""
        if not truth:
            self.faults.setdefault(name, otherwise)

    def check(self) -> None:
        """Raise FieldsInvalid if there were any errors."""
        if self.faults:
            raise FieldsInvalid(self.faults)


def one_line(text: str, longest: int, what: str) -> str:
    """Parse a text of one line; `what` names it in the error: `a title`."""
    line = " ".join(text.split())
    if not line:
        raise FieldsInvalid({what: f"Enter {what}."})
    if len(line) > longest or not line.isprintable():
        raise FieldsInvalid(
            {what: f"Enter one line of at most {longest} characters, without control characters."}
        )
    return line


def clean_markdown(text: str) -> str:
    """Return the appeal's text with uniform line endings and without control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if len(lines) > LONGEST_APPEAL:
        raise FieldsInvalid({"appeal": f"Enter at most {LONGEST_APPEAL:,} characters."})
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) != "Cc")


def parse_smallest_amount(text: str, currency: str) -> int:
    """Parse the smallest amount that the form accepts, in minor units; at least Stripe's minimum."""
    least = money.usual_minimum(currency)
    amount = money.parse_amount(text, currency) if text.strip() else least
    if not least <= amount <= money.LARGEST_CHARGE:
        shown = money.format_money(least, currency)
        raise AmountInvalid(
            f"The amount must be at least {shown}, the minimum of our payment service."
        )
    return amount


def split_amounts(text: str) -> tuple[str, ...]:
    """Split a field of several amounts. A comma within a number groups digits and does not separate amounts."""
    return tuple(part for part in _BETWEEN.split(text.strip()) if part)


def parse_suggested_amounts(text: str, currency: str, smallest: int | None) -> list[int]:
    """Parse amounts separated by spaces: minor units, smallest first, without duplicates."""
    amounts = sorted({money.parse_amount(part, currency) for part in split_amounts(text)})
    if not amounts:
        raise AmountInvalid("Enter at least one amount, for example 10 25 50.")
    if len(amounts) > MAX_SUGGESTIONS:
        raise AmountInvalid(f"Enter at most {MAX_SUGGESTIONS} amounts.")
    if smallest is not None and amounts[0] < smallest:
        shown = money.format_money(amounts[0], currency)
        raise AmountInvalid(f"{shown} is less than the smallest amount.")
    if amounts[-1] > money.LARGEST_CHARGE:
        shown = money.format_money(money.LARGEST_CHARGE, currency)
        raise AmountInvalid(f"The largest possible charge is {shown}.")
    return amounts


def parse_stretch_goal(text: str, currency: str, goal: int | None) -> int | None:
    """Parse the stretch goal, the goal after the goal is met; None if the field is empty."""
    if not text.strip():
        return None
    amount = money.parse_amount(text, currency)
    if goal is not None and amount <= goal:
        raise AmountInvalid("The stretch goal must be more than the goal.")
    return amount


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Format an instant for a form field, as `clock.parse_start` reads it: `2026-12-01 09:00`.

    Includes the UTC offset if that local time occurs twice, or if it is not a whole minute.
    """
    local = moment.astimezone(zone)
    written = f"{local:%Y-%m-%d %H:%M}"
    try:
        same = clock.parse_start(written, zone) == moment
    except DeadlineInvalid:
        same = False
    return written if same else local.isoformat(sep=" ")


def deadline_text(deadline: datetime, zone: ZoneInfo) -> str:
    """Format a deadline for a form field: the last day if it is the end of a day, else the time."""
    last = clock.last_day(deadline, zone)
    if clock.end_of_day(last, zone) == deadline:
        return last.isoformat()
    return local_text(deadline, zone)
