"""What a filled-in form means: a gift, or every fault beside its field."""

import re
from decimal import Decimal

from campaign.campaigns.donor_wall import LONGEST_PLACE
from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.donations.consents import WORDING
from campaign.donations.donations import Gift, WallRequest
from campaign.donations.tribute_cards import CardRequest
from campaign.models import Campaign, CardDelivery, Frequency
from campaign.web.forms import GiftForm, clean, read_email
from campaign.web.language import page_language, translate_error

LONGEST_ADDRESS = 400
LONGEST_MESSAGE = 500
MOST_LINES = 6
KINDS = ("", "honor", "memory")
_LINK = re.compile(r"https?:|www\.|[\w-]\.(?:com|net|org|info|io)/", re.IGNORECASE)
"""A card goes to who never wrote to us: it carries words, and nothing to click."""


def read_tribute(form: GiftForm) -> tuple[str, str]:
    """The kind and whom it names; faults are noted."""
    kind, name = form.tribute_kind.data or "", form.limited(form.tribute_name, 200)
    if kind not in KINDS:
        form.complain(
            form.tribute_kind,
            page_language().gettext("Choose in honor of, in memory of, or neither."),
        )
    elif kind and not name:
        form.complain(
            form.tribute_name,
            page_language().gettext("Enter the name of the person this gift is for."),
        )
    elif name and not kind:
        form.complain(
            form.tribute_kind,
            page_language().gettext("Choose whether it is in honor or in memory."),
        )
    return kind, name


def read_card(form: GiftForm, *, strict: bool) -> CardRequest | None:
    """The card, or None: none is wanted, or its faults are noted."""
    way = form.card.data or ""
    if way not in {"", *CardDelivery}:
        form.complain(form.card, page_language().gettext("Choose by email, by post, or no card."))
        return None
    if not way:
        if clean(form.card_email.data) or clean(form.card_address.data):
            form.complain(
                form.card,
                page_language().gettext("Choose whether the card goes by email or by post."),
            )
        return None
    if not form.tribute_kind.data:
        form.complain(
            form.tribute_kind,
            page_language().gettext(
                "A card tells of a dedication: choose in honor of or in memory of."
            ),
        )
    name = form.limited(form.card_name, 200)
    if not name:
        form.complain(
            form.card_name, page_language().gettext("Enter the name of who gets the card.")
        )
    email = address = ""
    if way == CardDelivery.email:
        missing = page_language().gettext("Enter the email address that the card goes to.")
        email = read_email(form, form.card_email, missing, strict=strict) or ""
    else:
        address = _address(form)
    return CardRequest(way, name, email, address, _message(form), _sender(form))


def _address(form: GiftForm) -> str:
    typed = form.limited(form.card_address, LONGEST_ADDRESS, lines=True)
    lines = [" ".join(line.split()) for line in typed.splitlines() if line.strip()]
    if len(lines) < 2:
        sentence = page_language().gettext(
            "Enter the postal address: the street on one line, the town on the next."
        )
        form.complain(form.card_address, sentence)
    elif len(lines) > MOST_LINES:
        sentence = page_language().gettext("An address has at most %(most)s lines.")
        form.complain(form.card_address, sentence % {"most": MOST_LINES})
    return "\n".join(lines)


def _message(form: GiftForm) -> str:
    message = form.limited(form.card_message, LONGEST_MESSAGE, lines=True)
    if _LINK.search(message):
        form.complain(
            form.card_message,
            page_language().gettext("A card carries no links. Please take them out."),
        )
    return message


def _sender(form: GiftForm) -> str:
    """Whom it is from: as typed there, else the donor's own name."""
    sender = form.limited(form.card_from, 200) or clean(form.name.data)[:200]
    if not sender:
        form.complain(form.card_from, page_language().gettext("Enter whom the card is from."))
    return sender


OTHER = "other"


def wall_wording() -> str:
    """The words beside the box of the donor wall; a wish keeps those that it was shown."""
    return page_language().gettext("Show my first name and place on the list of donors")


def wall_comment_wording() -> str:
    """The words beside the box that lets the comment be read there too."""
    return page_language().gettext("My comment may be read there too, once the newsroom agrees")


def read_gift(
    form: GiftForm, campaign: Campaign, *, fee_rate: Decimal, fee_fixed: int, strict: bool
) -> Gift | None:
    """The gift that `form` describes, or None with every fault noted beside its field.

    `strict` refuses addresses of test domains, which a live installation could never mail to.
    """
    missing = page_language().gettext("Enter your email address; the receipt goes there.")
    amount = _amount(form, campaign)
    email = read_email(form, form.email, missing, strict=strict)
    frequency = form.frequency.data or Frequency.one_time.value
    if frequency not in set(Frequency):
        form.complain(
            form.frequency, page_language().gettext("Choose one time, monthly or yearly.")
        )
    name = form.limited(form.name, 200)
    comment = form.limited(form.comment, 1000, lines=True)
    tribute_kind, tribute_name = read_tribute(form)
    card = read_card(form, strict=strict)
    wall = _wall(form, campaign)
    if form.complaints or amount is None or email is None:
        return None
    fee_cover = _cover(form, campaign, amount, fee_rate, fee_fixed)
    if fee_cover is None:
        return None
    return Gift(
        email=email,
        amount=amount,
        frequency=frequency,
        attempt=_attempt(form),
        fee_cover=fee_cover,
        name=name,
        locale=page_language().locale,
        anonymous=bool(form.anonymous.data),
        comment=comment,
        tribute_kind=tribute_kind,
        tribute_name=tribute_name,
        card=card,
        wall=wall,
        shared_computer=bool(form.shared.data),
        # Hidden, so its donor could not mend it: what is too long is cut.
        code=clean(form.code.data)[:64],
        consent_wording=page_language().gettext(WORDING) if form.subscribe.data else "",
    )


def _attempt(form: GiftForm) -> str:
    """The form's own, and what was reviewed under it: a gift that was changed after its review is another."""
    attempt, reviewed = clean(form.attempt.data), clean(form.reviewed.data)
    return f"{attempt}:{reviewed}" if reviewed else attempt


def _cover(
    form: GiftForm, campaign: Campaign, amount: int, fee_rate: Decimal, fee_fixed: int
) -> int | None:
    if not form.cover_fees.data:
        return 0
    fee_cover = money.calculate_fee_cover(amount, fee_rate, fee_fixed, campaign.currency)
    if amount + fee_cover <= money.LARGEST_CHARGE:
        return fee_cover
    form.complain(
        form.cover_fees,
        page_language().gettext("With the fees, the sum is more than can be charged at once."),
    )
    return None


def _wall(form: GiftForm, campaign: Campaign) -> WallRequest | None:
    """The wish to stand on the donor wall, where the campaign has one."""
    if not form.wall.data or not campaign.wall_shown:
        return None
    place = form.limited(form.wall_place, LONGEST_PLACE)
    if form.anonymous.data:
        sentence = page_language().gettext(
            "You asked to be on the list of donors and to be kept out of it. Keep one of the two."
        )
        form.complain(form.wall, sentence)
    elif not clean(form.name.data):
        sentence = page_language().gettext("Enter your name above, or leave the list of donors.")
        form.complain(form.wall, sentence)
    comment = clean(form.comment.data, lines=True) if form.wall_comment.data else ""
    ticked = [wall_wording(), wall_comment_wording()] if comment else [wall_wording()]
    return WallRequest(place, " / ".join(ticked), comment)


def _amount(form: GiftForm, campaign: Campaign) -> int | None:
    chosen, typed = (form.amount.data or "").strip(), (form.amount_other.data or "").strip()
    try:
        if typed and chosen not in {"", OTHER} and not _same(chosen, typed, campaign.currency):
            raise AmountInvalid(
                "You chose %(chosen)s and also typed %(typed)s. Choose Other, or empty the field below.",
                chosen=chosen,
                typed=typed,
            )
        amount = read_amount(typed if chosen in {"", OTHER} else chosen, campaign)
    except AmountInvalid as error:
        form.complain(form.amount, translate_error(error))
        return None
    return amount


def read_amount(text: str, campaign: Campaign) -> int:
    """Minor units of an amount as people of the page's language type it; raises AmountInvalid."""
    amount = money.parse_amount(text, campaign.currency, page_language().formats)
    if amount < campaign.smallest_amount:
        raise AmountInvalid(
            "The smallest amount our payment service takes is %(smallest)s.",
            smallest=_shown(campaign.smallest_amount, campaign),
        )
    if amount > money.LARGEST_CHARGE:
        raise AmountInvalid(
            "The largest amount that can be charged at once is %(largest)s. For more, please write to us.",
            largest=_shown(money.LARGEST_CHARGE, campaign),
        )
    return amount


def _shown(amount: int, campaign: Campaign) -> str:
    return money.format_money(amount, campaign.currency, page_language().formats)


def _same(chosen: str, typed: str, currency: str) -> bool:
    formats = page_language().formats
    try:
        return money.parse_amount(chosen, currency, formats) == money.parse_amount(
            typed, currency, formats
        )
    except AmountInvalid:
        return False
