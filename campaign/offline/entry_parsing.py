"""Parse and check an offline gift from typed text. Used for forms and imported lists alike.

Only campaigns and direct mail coupons are looked up; nothing is stored.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core import money
from campaign.core.csv_lists import read_address
from campaign.core.errors import AmountInvalid, NotFound, OfflineGiftInvalid
from campaign.donations.gift_dates import gift_day, latest_day
from campaign.donations.offline_kinds import read_kind
from campaign.models import Campaign, OfflineKind
from campaign.offline.coupon_codes import read_code
from campaign.offline.direct_mail_codes import find_direct_mail_piece, mailing_address, shared_code

LONGEST = {"name": 200, "email": 254, "address": 500, "reference": 100, "description": 300}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR = 2000


@dataclass(frozen=True)
class WrittenGift:
    """A gift as typed: `amount` as `25.00`, dates as 2026-12-31, `campaign` a slug for gifts without a code."""

    received_on: str
    amount: str
    postmarked_on: str = ""
    currency: str = ""
    name: str = ""
    email: str = ""
    address: str = ""
    code: str = ""
    reference: str = ""
    kind: str = ""
    description: str = ""
    campaign: str = ""


@dataclass(frozen=True)
class OfflineEntry:
    """A parsed gift. `amount` is minor units of the campaign's currency. Missing texts are ''.

    `code` is the coupon code as printed; `address` has its lines separated by newlines.
    """

    kind: OfflineKind
    campaign: Campaign
    amount: int
    received_on: date
    postmarked_on: date | None
    name: str
    email: str
    address: str
    code: str
    reference: str
    description: str

    @property
    def day(self) -> date:
        """The day that counts as the day of the gift."""
        return gift_day(self.kind, self.received_on, self.postmarked_on)


@dataclass
class _Faults:
    """The errors by field, only the first of each field."""

    found: dict[str, str] = field(default_factory=dict)

    def note(self, name: str, words: str) -> None:
        self.found.setdefault(name, words)


def read_entry(
    session: Session, written: WrittenGift, at: datetime, zone: ZoneInfo
) -> OfflineEntry:
    """Parse `written` at the time `at`; `zone` is the organization's time zone.

    Raises OfflineGiftInvalid with all errors.
    """
    faults = _Faults()
    campaign, code, written = _campaign(session, written, faults)
    kind = _kind(written.kind, faults)
    # Dates from servers and spreadsheets are often in UTC.
    latest = latest_day(at, zone, campaign.zone if campaign else zone, ZoneInfo("UTC"))
    received, postmarked = _days(written, latest, faults)
    amount = _amount(written, campaign, faults)
    email = _email(written.email, faults)
    name, reference, description = (
        _line(one, getattr(written, one), faults) for one in ("name", "reference", "description")
    )
    if kind == OfflineKind.stock and not description:
        faults.note(
            "description", "Describe the gift for the receipt, such as 40 shares of Example Corp."
        )
    address = _address(written.address, faults)
    if faults.found or campaign is None or kind is None or received is None or amount is None:
        raise OfflineGiftInvalid(faults.found)
    return OfflineEntry(
        kind, campaign, amount, received, postmarked, name, email, address, code, reference, description
    )  # fmt: skip


def _campaign(
    session: Session, written: WrittenGift, faults: _Faults
) -> tuple[Campaign | None, str, WrittenGift]:
    """Return the campaign and code of the coupon; without a code, the named campaign.

    A direct mail coupon fills in the recipient's name and address if none were typed.
    """
    try:
        if written.code.strip():
            return _coupon(session, written)
        if written.campaign:
            return find_campaign(session, written.campaign), "", written
        faults.note("code", "Enter a code or choose a campaign.")
    except OfflineGiftInvalid as error:
        faults.note("code", str(error))
    except NotFound as error:
        faults.note("campaign", str(error))
    return None, "", written


def _coupon(session: Session, written: WrittenGift) -> tuple[Campaign, str, WrittenGift]:
    coupon = read_code(session, written.code)
    posted = find_direct_mail_piece(session, coupon)
    if posted is None:
        return coupon.campaign, coupon.code, written
    if not (written.name + written.email + written.address).strip():
        written = replace(written, name=posted.name, address="\n".join(mailing_address(posted)))
    return coupon.campaign, shared_code(coupon.campaign), written


def _kind(text: str, faults: _Faults) -> OfflineKind | None:
    kind = read_kind(text)
    if kind is None:
        words = "is not a kind of gift; use check, cash, donor_advised_fund or stock."
        faults.note("kind", f"{text!r} {words}")
    return kind


def _days(written: WrittenGift, latest: date, faults: _Faults) -> tuple[date | None, date | None]:
    received = _day("received_on", "received", written.received_on, latest, faults)
    if not written.received_on.strip():
        faults.note("received_on", "Enter the date received as 2026-12-31.")
    postmarked = _day("postmarked_on", "postmark", written.postmarked_on, latest, faults)
    if received and postmarked and postmarked > received:
        words = f"The postmark date, {postmarked}, is after the date received, {received}."
        faults.note("postmarked_on", words)
    return received, postmarked


def _day(name: str, spoken: str, text: str, latest: date, faults: _Faults) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year < _FIRST_YEAR:
        faults.note(name, f"{text[:40]!r} is not a date ({spoken}); write it as 2026-12-31.")
        return None
    if found > latest:
        faults.note(name, f"{found} is in the future ({spoken}).")
    return found


def _amount(written: WrittenGift, campaign: Campaign | None, faults: _Faults) -> int | None:
    """Return minor units. Without a campaign, only check that it is an amount."""
    typed, currency = written.currency.strip().lower(), campaign.currency if campaign else "usd"
    if campaign and typed and typed != currency:
        words = f"{written.currency.strip()!r} is not the currency of {campaign.slug}, which is {currency}."
        faults.note("currency", words)
    try:
        amount = money.parse_amount(written.amount, currency)
    except AmountInvalid as error:
        faults.note("amount", str(error))
        return None
    if amount > money.LARGEST_CHARGE:
        most = money.format_money(money.LARGEST_CHARGE, currency)
        faults.note("amount", f"The most for one entry is {most}; enter the gift in parts.")
    return amount


def _email(text: str, faults: _Faults) -> str:
    text = text.strip()
    if not text:
        return ""
    try:
        if len(text) > LONGEST["email"]:
            raise ValueError("The email address is too long")
        return read_address(text)
    except ValueError as error:
        faults.note("email", f"{str(error).rstrip('.')}.")
        return ""


def _line(name: str, text: str, faults: _Faults) -> str:
    """Normalize to one line with single spaces."""
    if any(unicodedata.category(one) == "Cc" and one not in "\t\r\n" for one in text):
        faults.note(name, f"The {name} contains a control character.")
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if len(line) > LONGEST[name]:
        faults.note(name, f"The {name} is longer than {LONGEST[name]} characters.")
    return line


def _address(text: str, faults: _Faults) -> str:
    """Return the address without empty lines. Lines may also be separated by `|`, as in lists."""
    lines = [" ".join(line.split()) for line in text.replace("|", "\n").splitlines()]
    address = "\n".join(line for line in lines if line)
    if len(address) > LONGEST["address"]:
        faults.note("address", f"The address is longer than {LONGEST['address']} characters.")
    if any(unicodedata.category(one) == "Cc" and one != "\n" for one in address):
        faults.note("address", "The address contains a control character.")
    return unicodedata.normalize("NFC", address)
