"""Parse the submitted donation form into a gift, or add an error to each invalid field."""

from decimal import Decimal

from wtforms import Field

from campaign.campaigns.donor_wall import LONGEST_PLACE
from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.donations.consents import consent_wording
from campaign.donations.donations import Gift, WallRequest
from campaign.donations.plain_words import find_address
from campaign.donations.tribute_cards import CardRequest
from campaign.models import Campaign, CardDelivery, Frequency
from campaign.web.context import installation
from campaign.web.forms import GiftForm, clean, read_email
from campaign.web.language import page_language, translate_error

LONGEST_ADDRESS = 400
LONGEST_MESSAGE = 500
MOST_LINES = 6
KINDS = ("", "honor", "memory")


def read_tribute(form: GiftForm) -> tuple[str, str]:
    """Return the kind of dedication and the name; adds an error to each invalid field."""
    kind, name = form.tribute_kind.data or "", form.limited(form.tribute_name, 200)
    if kind not in KINDS:
        form.complain(
            form.tribute_kind,
            page_language().gettext("Choose “in honor of”, “in memory of” or no dedication."),
        )
    elif kind and not name:
        form.complain(
            form.tribute_name,
            page_language().gettext(
                "Enter the name of the person you are dedicating this gift to."
            ),
        )
    elif name and not kind:
        form.complain(
            form.tribute_kind,
            page_language().gettext(
                "Choose whether the gift is in honor or in memory of this person."
            ),
        )
    return kind, name


def read_card(form: GiftForm, *, strict: bool) -> CardRequest | None:
    """Return the card, or None if none was requested or the choice is invalid; adds an error to each invalid field."""
    way = form.card.data or ""
    if way not in {"", *CardDelivery}:
        form.complain(form.card, page_language().gettext("Choose by email, by mail or no card."))
        return None
    if not way:
        if clean(form.card_email.data) or clean(form.card_address.data):
            form.complain(
                form.card,
                page_language().gettext("Choose whether to send the card by email or by mail."),
            )
        return None
    if not form.tribute_kind.data:
        form.complain(
            form.tribute_kind,
            page_language().gettext(
                "To send a card, dedicate the gift: choose “in honor of” or “in memory of”."
            ),
        )
    name = form.limited(form.card_name, 200)
    if not name:
        form.complain(
            form.card_name,
            page_language().gettext("Enter the name of the person who gets the card."),
        )
    email = address = ""
    if way == CardDelivery.email:
        missing = page_language().gettext("Enter the email address to send the card to.")
        email = read_email(form, form.card_email, missing, strict=strict) or ""
    else:
        address = _address(form)
    sender = _sender(form)
    _require_words(form, form.tribute_name, form.card_name, form.card_from, form.card_message)
    if not form.card_from.data:
        _require_words(form, form.name)
    return CardRequest(way, name, email, address, _message(form), sender)


def _require_words(form: GiftForm, *fields: Field) -> None:
    """Add an error to each field that holds an address: it reaches people who never contacted us."""
    for field in fields:
        found = find_address(clean(field.data, lines=True))
        if found:
            sentence = page_language().gettext(
                "A card cannot include addresses, links or phone numbers. Please remove “%(found)s”."
            )
            form.complain(field, sentence % {"found": found})


def _address(form: GiftForm) -> str:
    typed = form.limited(form.card_address, LONGEST_ADDRESS, lines=True)
    lines = [" ".join(line.split()) for line in typed.splitlines() if line.strip()]
    if len(lines) < 2:
        sentence = page_language().gettext(
            "Enter the mailing address: the street on one line, the city on the next."
        )
        form.complain(form.card_address, sentence)
    elif len(lines) > MOST_LINES:
        sentence = page_language().gettext("Use at most %(most)s lines for the address.")
        form.complain(form.card_address, sentence % {"most": MOST_LINES})
    return "\n".join(lines)


def _message(form: GiftForm) -> str:
    return form.limited(form.card_message, LONGEST_MESSAGE, lines=True)


def _sender(form: GiftForm) -> str:
    """Return the sender: the name typed for the card, else the donor's name."""
    sender = form.limited(form.card_from, 200) or clean(form.name.data)[:200]
    if not sender:
        form.complain(
            form.card_from,
            page_language().gettext("Enter the name of the person sending the card."),
        )
    return sender


OTHER = "other"


def subscribe_wording() -> str:
    """Return the label of the box for campaign emails, which the donation stores."""
    return consent_wording(page_language(), installation().settings.mail.email_cap)


def wall_wording() -> str:
    """Return the label of the donor wall's checkbox; the request stores the label that the donor saw."""
    return page_language().gettext("Show my first name and city on the donor wall")


def wall_comment_wording() -> str:
    """Return the label of the checkbox that also shows the comment on the donor wall."""
    return page_language().gettext("Also show my comment there, once the newsroom approves it")


def read_gift(
    form: GiftForm, campaign: Campaign, *, fee_rate: Decimal, fee_fixed: int, strict: bool
) -> Gift | None:
    """Return the gift that `form` describes, or None after adding an error to each invalid field.

    `strict` rejects addresses at test domains, to which a live installation can never send email.
    """
    missing = page_language().gettext("Enter your email address so that we can send your receipt.")
    amount = _amount(form, campaign)
    email = read_email(form, form.email, missing, strict=strict)
    frequency = form.frequency.data or Frequency.one_time.value
    if frequency not in set(Frequency):
        form.complain(form.frequency, page_language().gettext("Choose once, monthly or yearly."))
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
        # The field is hidden, so the donor could not fix an error: truncate instead.
        code=clean(form.code.data)[:64],
        consent_wording=subscribe_wording() if form.subscribe.data else "",
    )


def _attempt(form: GiftForm) -> str:
    """Return the form's attempt with the reviewed digest: a gift changed after its review is a new attempt."""
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
        page_language().gettext("With the fees, the total is more than we can charge at one time."),
    )
    return None


def _wall(form: GiftForm, campaign: Campaign) -> WallRequest | None:
    """Return the request to appear on the donor wall, or None if the campaign shows no wall."""
    if not form.wall.data or not campaign.wall_shown:
        return None
    place = form.limited(form.wall_place, LONGEST_PLACE)
    if form.anonymous.data:
        sentence = page_language().gettext(
            "You chose to appear on the donor wall and to stay out of public lists. Choose only one."
        )
        form.complain(form.wall, sentence)
    elif not clean(form.name.data):
        sentence = page_language().gettext("Enter your name above, or uncheck the donor wall.")
        form.complain(form.wall, sentence)
    for field in (form.name, form.wall_place):
        if find_address(clean(field.data)):
            sentence = page_language().gettext("The donor wall cannot show addresses or links.")
            form.complain(field, sentence)
    comment = clean(form.comment.data, lines=True) if form.wall_comment.data else ""
    ticked = [wall_wording(), wall_comment_wording()] if comment else [wall_wording()]
    return WallRequest(place, " / ".join(ticked), comment)


def _amount(form: GiftForm, campaign: Campaign) -> int | None:
    chosen, typed = (form.amount.data or "").strip(), (form.amount_other.data or "").strip()
    try:
        if typed and chosen not in {"", OTHER} and not _same(chosen, typed, campaign.currency):
            raise AmountInvalid(
                "You chose %(chosen)s and also typed %(typed)s. Choose Other, or clear the field below.",
                chosen=chosen,
                typed=typed,
            )
        amount = read_amount(typed if chosen in {"", OTHER} else chosen, campaign)
    except AmountInvalid as error:
        form.complain(form.amount, translate_error(error))
        return None
    return amount


def read_amount(text: str, campaign: Campaign) -> int:
    """Parse an amount typed in the page's locale. Returns minor units; raises AmountInvalid."""
    amount = money.parse_amount(text, campaign.currency, page_language().formats)
    if amount < campaign.smallest_amount:
        raise AmountInvalid(
            "The smallest amount our payment service accepts is %(smallest)s.",
            smallest=_shown(campaign.smallest_amount, campaign),
        )
    if amount > money.LARGEST_CHARGE:
        raise AmountInvalid(
            "The largest amount we can charge at one time is %(largest)s. To give more, please contact us.",
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
