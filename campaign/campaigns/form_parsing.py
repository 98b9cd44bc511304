"""Typed texts to values, each fault kept beside its field, so that a form can tell all of them at once."""

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
    """Reads field after field. `check()` raises FieldsInvalid with every fault; until then a wrong field is None."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def read(self, name: str, parse: Callable[[], _Value]) -> _Value | None:
        """What `parse` makes of the field, or None with its refusal kept."""
        try:
            return parse()
        except CampaignError as error:
            self.faults.setdefault(name, str(error))
            return None

    def require(self, name: str, truth: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition itself
        """Keep the fault `otherwise` unless `truth` holds."""
        if not truth:
            self.faults.setdefault(name, otherwise)

    def check(self) -> None:
        """Raise what was found."""
        if self.faults:
            raise FieldsInvalid(self.faults)


def one_line(text: str, longest: int, what: str) -> str:
    """A text of one line; `what` names it in the refusal: `a title`."""
    line = " ".join(text.split())
    if not line:
        raise FieldsInvalid({what: f"Enter {what}."})
    if len(line) > longest or not line.isprintable():
        raise FieldsInvalid(
            {
                what: f"There is room for one line of {longest} characters, without control characters."
            }
        )
    return line


def clean_markdown(text: str) -> str:
    """The appeal's text, its lines ended alike."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if len(lines) > LONGEST_APPEAL:
        raise FieldsInvalid({"appeal": f"There is room for {LONGEST_APPEAL:,} characters."})
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) != "Cc")


def parse_smallest_amount(text: str, currency: str) -> int:
    """The smallest amount that the form takes, in minor units: nothing that Stripe would refuse."""
    least = money.usual_minimum(currency)
    amount = money.parse_amount(text, currency) if text.strip() else least
    if not least <= amount <= money.LARGEST_CHARGE:
        shown = money.format_money(least, currency)
        raise AmountInvalid(f"Our payment service takes nothing below {shown}.")
    return amount


def split_amounts(text: str) -> tuple[str, ...]:
    """What stands in a field of several amounts. A comma within figures groups them, and parts nothing."""
    return tuple(part for part in _BETWEEN.split(text.strip()) if part)


def parse_suggested_amounts(text: str, currency: str, smallest: int | None) -> list[int]:
    """Amounts parted by spaces, in minor units, the smallest first and each once."""
    amounts = sorted({money.parse_amount(part, currency) for part in split_amounts(text)})
    if not amounts:
        raise AmountInvalid("Enter at least one amount, for example 10 25 50.")
    if len(amounts) > MAX_SUGGESTIONS:
        raise AmountInvalid(f"There is room for {MAX_SUGGESTIONS} amounts.")
    if smallest is not None and amounts[0] < smallest:
        shown = money.format_money(amounts[0], currency)
        raise AmountInvalid(f"{shown} is less than the smallest amount.")
    if amounts[-1] > money.LARGEST_CHARGE:
        shown = money.format_money(money.LARGEST_CHARGE, currency)
        raise AmountInvalid(f"At most {shown} can be charged at once.")
    return amounts


def parse_stretch_goal(text: str, currency: str, goal: int | None) -> int | None:
    """What is asked for once the goal is met; None where nothing was typed."""
    if not text.strip():
        return None
    amount = money.parse_amount(text, currency)
    if goal is not None and amount <= goal:
        raise AmountInvalid("The stretch goal must be more than the goal.")
    return amount


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as a field shows it, and as `clock.parse_start` reads it back: `2026-12-01 09:00`.

    With its offset where that wall-clock time happens twice, or is not a full minute.
    """
    local = moment.astimezone(zone)
    written = f"{local:%Y-%m-%d %H:%M}"
    try:
        same = clock.parse_start(written, zone) == moment
    except DeadlineInvalid:
        same = False
    return written if same else local.isoformat(sep=" ")


def deadline_text(deadline: datetime, zone: ZoneInfo) -> str:
    """A deadline as a field shows it: the last day where it is a day's end, else the moment."""
    last = clock.last_day(deadline, zone)
    if clock.end_of_day(last, zone) == deadline:
        return last.isoformat()
    return local_text(deadline, zone)
