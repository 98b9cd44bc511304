"""Read a row of another system's gifts: a gift, a refund of one, or a row that is no gift.

Parsing only: nothing is stored or looked up.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from campaign.core.errors import AmountInvalid
from campaign.core.i18n import supported_locale
from campaign.core.money import LARGEST_CHARGE, currency_code
from campaign.core.outside_text import read_whole
from campaign.models import Frequency
from campaign.moving.amounts import DecimalMark, read_amount
from campaign.moving.columns import ColumnMap, normalized
from campaign.moving.gift_states import LEFT_OUT, PastGiftState, read_state
from campaign.moving.moments import DateOrder, read_moment
from campaign.moving.tables import TableRow
from campaign.moving.values import (
    name_beside_address,
    read_email,
    read_language,
    read_text,
    read_yes,
)

AMOUNTS = ("total", "amount", "cover", "fee", "refunded")
MOMENTS = ("given_at", "refunded_at")
_NOON = time(12)
_FREQUENCIES = {
    **dict.fromkeys(("monthly", "month", "every month", "recurring", "1 month"), Frequency.monthly),
    **dict.fromkeys(("yearly", "year", "annual", "annually", "every year", "12 months"), Frequency.yearly),
}  # fmt: skip
_SHORT_YEAR = re.compile(r"^(\d{1,2}/\d{1,2}/)(\d{2})(?=\s|$)")
_TRIBUTES = (("memo", "memory"), ("hono", "honor"))
_LONGEST = {"name": 200, "address": 500, "comment": 1000, "tribute_name": 200, "ref": 200}


@dataclass(frozen=True)
class PastGiftRow:
    """A gift of another system. Amounts are minor units of `currency`; `amount` is without the `cover` of fees.

    `refunded` is what went back by then, with covered fees. The three Stripe ids are '' unless the row has them.
    """

    line: int
    external_id: str
    given_at: datetime
    amount: int
    cover: int
    fee: int
    currency: str
    refunded: int = 0
    refunded_at: datetime | None = None
    email: str = ""
    name: str = ""
    address: str = ""
    locale: str = ""
    donor_ref: str = ""
    anonymous: bool = True
    comment: str = ""
    tribute_kind: str = ""
    tribute_name: str = ""
    frequency: str = Frequency.one_time.value
    plan_ref: str = ""
    installment: int | None = None
    method: str = ""
    designation: str = ""
    payment_intent: str = ""
    charge: str = ""
    invoice: str = ""
    donation_id: str = ""

    @property
    def total(self) -> int:
        """What the donor paid in all."""
        return self.amount + self.cover


@dataclass(frozen=True)
class PastRefundRow:
    """A row of its own for money that went back: `amount` in minor units, of the gift that the ids name."""

    line: int
    refund_id: str
    amount: int
    currency: str
    refunded_at: datetime
    external_id: str
    payment_intent: str
    charge: str


@dataclass(frozen=True)
class LeftOutRow:
    """A row that is no gift, and why: nothing is wrong with it."""

    line: int
    reason: str


@dataclass(frozen=True)
class GiftReader:
    """How to read the rows of one file. `zone` is for times without one, `currency` for amounts without one.

    `order` and `mark` are what the file's dates and amounts show, or what a person says; None if unknown.
    """

    columns: ColumnMap
    zone: ZoneInfo
    currency: str
    order: DateOrder | None = None
    mark: DecimalMark | None = None
    states: Mapping[str, PastGiftState] = field(default_factory=dict)
    _alike: Counter[str] = field(default_factory=Counter)

    def read(self, row: TableRow) -> PastGiftRow | PastRefundRow | LeftOutRow:
        """Return what the row is. Raises ValueError with the reason for a row that is refused."""

        def cell(name: str) -> str:
            return self.columns.get(row.cells, name)

        state, reason = self._state(cell)
        if reason:
            return LeftOutRow(row.line, reason)
        currency = read_currency(cell, self.currency)
        amounts = {name: self._amount(cell(name), name, currency) for name in AMOUNTS}
        given_at = self._given_at(cell)
        if amounts["total"] < 0:
            return self._refund(row, cell, -amounts["total"], currency, given_at)
        amount, cover = _parts(amounts, covered=read_yes(cell("fees_covered")))
        if amount == 0:
            return LeftOutRow(row.line, "no money was given")
        if amount + cover > LARGEST_CHARGE:
            raise ValueError("the amount is more than one gift can be; enter it as several")
        names = _Stripe.of(cell)
        if state is PastGiftState.disputed:
            self._require_not_at_stripe(names)
        total = amount + cover
        refunded = _refunded(state, amounts["refunded"], total)
        return PastGiftRow(
            line=row.line,
            external_id=self._external_id(row, cell),
            given_at=given_at,
            amount=amount,
            cover=cover,
            fee=max(0, amounts["fee"]),
            currency=currency,
            refunded=refunded,
            refunded_at=self._moment(cell("refunded_at")) if refunded else None,
            email=read_donor_email(cell),
            name=read_name(cell),
            address=_address(cell),
            locale=read_locale(cell),
            donor_ref=read_text(cell("donor_ref"), _LONGEST["ref"]),
            anonymous=self._anonymous(cell),
            comment=read_text(cell("comment"), 10_000, lines=True)[: _LONGEST["comment"]],
            tribute_kind=_tribute(cell),
            tribute_name=_tribute_name(cell),
            frequency=_frequency(cell).value,
            plan_ref=read_text(cell("plan_ref"), _LONGEST["ref"]),
            installment=_installment(cell("installment")),
            method=read_text(cell("method"), _LONGEST["ref"]),
            designation=read_text(cell("designation"), _LONGEST["ref"]),
            payment_intent=names.payment_intent,
            charge=names.charge,
            invoice=names.invoice,
            donation_id=cell("donation_id"),
        )  # fmt: skip

    def _state(self, cell: Callable[[str], str]) -> tuple[PastGiftState, str]:
        """Return the row's state, and why it is no gift, or ''."""
        if normalized(cell("mode")) in ("test", "sandbox", "yes", "true", "1"):
            return PastGiftState.test, LEFT_OUT[PastGiftState.test]
        if cell("kind"):
            try:
                kind = read_state(cell("kind"), self.states)
            except ValueError:
                return PastGiftState.pledge, f"{cell('kind')!r} is no gift"
            if kind in LEFT_OUT:
                return kind, LEFT_OUT[kind]
            if kind is PastGiftState.disputed:
                return kind, "the movement of a dispute; `campaign adopt` takes in the gift with it"
        state = read_state(cell("state"), self.states)
        if cell("dispute") and read_state(cell("dispute"), self.states) is PastGiftState.disputed:
            state = PastGiftState.disputed
        return state, LEFT_OUT.get(state, "")

    def _require_not_at_stripe(self, names: "_Stripe") -> None:
        if names.payment_intent or names.charge:
            name = names.payment_intent or names.charge
            raise ValueError(
                f"the bank took it back, and Stripe has the dispute: take it in with `campaign adopt {name}`"
            )

    def _amount(self, cell: str, name: str, currency: str) -> int:
        found = read_amount(cell, currency, self.mark)
        if found is None:
            return 0
        if found.currency not in ("", currency):
            raise ValueError(
                f"{name} is in {found.currency.upper()}, the gift in {currency.upper()}"
            )
        return found.minor

    def _given_at(self, cell: Callable[[str], str]) -> datetime:
        moment = self._moment(" ".join(filter(None, (cell("given_at"), cell("given_time")))))
        if moment is None:
            raise ValueError("no date")
        return moment

    def _anonymous(self, cell: Callable[[str], str]) -> bool:
        """Return whether the donor's name stays private, as it does in a file that does not say."""
        return read_yes(cell("anonymous")) if "anonymous" in self.columns else True

    def _moment(self, cell: str) -> datetime | None:
        found = read_moment(_SHORT_YEAR.sub(r"\g<1>20\2", cell), self.order)
        if found is None:
            return None
        # A date alone is noon there, so that it is the same day in the campaign's zone.
        if found.at is None:
            return datetime.combine(found.day, _NOON, self.zone).astimezone(UTC)
        return found.instant(self.zone)

    def _external_id(self, row: TableRow, cell: Callable[[str], str]) -> str:
        """Return the system's id. Without one: derived from the row, and from how many equal rows come before it."""
        name = read_text(cell("external_id"), _LONGEST["ref"])
        if name and self.columns.columns["external_id"] in ("Receipt ID", "Order Number"):
            # ActBlue's receipt is the same for each recurrence.
            return f"{name}:{cell('installment') or 1}"
        if name:
            return name
        content = hashlib.sha256("\x1f".join(row.cells.values()).encode()).hexdigest()[:20]
        self._alike[content] += 1
        return f"row {content}:{self._alike[content]}"

    def _refund(
        self,
        row: TableRow,
        cell: Callable[[str], str],
        amount: int,
        currency: str,
        moment: datetime,
    ) -> PastRefundRow:
        names = _Stripe.of(cell)
        named = row.cells.get("source_id", "") or row.cells.get("Refund ID", "")
        external_id = self._external_id(row, cell)
        return PastRefundRow(
            row.line,
            named if named.startswith(("re_", "pyr_")) else "",
            amount,
            currency,
            self._moment(cell("refunded_at")) or moment,
            external_id,
            names.payment_intent,
            names.charge,
        )


@dataclass(frozen=True)
class _Stripe:
    """The ids of Stripe in a row, wherever the system writes them; '' for none."""

    payment_intent: str
    charge: str
    invoice: str

    @classmethod
    def of(cls, cell: Callable[[str], str]) -> "_Stripe":
        found = {"pi_": "", "ch_": "", "py_": "", "in_": ""}
        for name in ("payment_intent", "charge", "invoice", "external_id"):
            value = cell(name)
            if value[:3] in found and not found[value[:3]] and value.isascii() and " " not in value:
                found[value[:3]] = value
        return cls(found["pi_"], found["ch_"] or found["py_"], found["in_"])


def _parts(amounts: Mapping[str, int], *, covered: bool) -> tuple[int, int]:
    """Return the gift and the covered fees, from whichever two or one of the amounts the row has."""
    total, amount, cover = amounts["total"], amounts["amount"], amounts["cover"]
    if covered and not cover and not amount:
        cover = amounts["fee"]
    if total and amount:
        cover = total - amount
    elif total:
        amount = total - cover
    _require_sum(total, amount, cover)
    return amount, cover


def _require_sum(total: int, amount: int, cover: int) -> None:
    if amount < 0 or cover < 0 or (total and amount == 0):
        raise ValueError(
            "the amounts do not add up: the gift and the covered fees are more than the total"
        )


def _refunded(state: PastGiftState, refunded: int, total: int) -> int:
    refunded = abs(refunded)
    if state is PastGiftState.partly_refunded and not 0 < refunded < total:
        raise ValueError("partly refunded, but no column says how much; map one to refunded")
    if state in (PastGiftState.refunded, PastGiftState.disputed):
        refunded = refunded or total
    if refunded > total:
        raise ValueError("more was refunded than given")
    return refunded


def read_currency(cell: Callable[[str], str], default: str) -> str:
    """Return the row's own currency, else `default`. Raises ValueError, so that only this row is refused."""
    if not cell("currency"):
        return default
    try:
        return currency_code(cell("currency"))
    except AmountInvalid as error:
        raise ValueError(str(error).rstrip(".")) from None


def read_donor_email(cell: Callable[[str], str]) -> str:
    """Return the donor's address, or ''."""
    return read_email(cell("email")) if cell("email") else ""


def read_locale(cell: Callable[[str], str]) -> str:
    """Return the locale that the donor is written to in; English if the row names no language."""
    return supported_locale(read_language(cell("language")) or "en")


def read_name(cell: Callable[[str], str]) -> str:
    """Return the donor's name. An organization's gift has its name too."""
    parts = (read_text(cell(one), 200) for one in ("first_name", "last_name"))
    person = read_text(cell("name"), 200) or " ".join(filter(None, parts))
    person = person or read_text(name_beside_address(cell("email")), 200)
    company = read_text(cell("company"), 200)
    names = [person, company] if company.casefold() != person.casefold() else [person]
    return ", ".join(filter(None, names))[: _LONGEST["name"]]


def _address(cell: Callable[[str], str]) -> str:
    place = " ".join(filter(None, (cell("region"), cell("postal_code"))))
    town = ", ".join(filter(None, (cell("city"), place)))
    lines = [
        cell("address"),
        cell("address_2"),
        town,
        cell("country") if town or cell("address") else "",
    ]
    text = "\n".join(read_text(one, 500, lines=True) for one in lines if one.strip())
    return text if cell("address").strip() or cell("city").strip() else ""


def _tribute(cell: Callable[[str], str]) -> str:
    kind = cell("tribute_kind").casefold()
    if not cell("tribute_name").strip():
        return ""
    return next((ours for part, ours in _TRIBUTES if part in kind), "honor")


def _tribute_name(cell: Callable[[str], str]) -> str:
    return read_text(cell("tribute_name"), _LONGEST["tribute_name"]) if _tribute(cell) else ""


def _frequency(cell: Callable[[str], str]) -> Frequency:
    found = read_frequency(cell("frequency"))
    if (
        found == Frequency.one_time
        and not cell("frequency")
        and (_installment(cell("installment")) or 0) > 1
    ):
        return Frequency.monthly
    return found


def read_frequency(cell: str) -> Frequency:
    """Return how often: `Monthly`, `month`, a plain yes, or ActBlue's number of months; anything else is one-time."""
    word = normalized(cell)
    if word in ("yes", "true", "y", "1") or (read_whole(word) or 0) > 1:
        return Frequency.monthly
    return _FREQUENCIES.get(word, Frequency.one_time)


def _installment(cell: str) -> int | None:
    return read_whole(cell.partition(".")[0], 9_999) or None
