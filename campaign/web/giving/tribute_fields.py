"""The part of the donation form that dedicates a gift to someone and sends a card about it."""

import re

from campaign.donations.tribute_cards import Card
from campaign.models import CardWay
from campaign.web.forms import GiftForm, clean, read_email
from campaign.web.language import said

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
            said().gettext("Choose in honor of, in memory of, or neither."),
        )
    elif kind and not name:
        form.complain(
            form.tribute_name, said().gettext("Enter the name of the person this gift is for.")
        )
    elif name and not kind:
        form.complain(
            form.tribute_kind, said().gettext("Choose whether it is in honor or in memory.")
        )
    return kind, name


def read_card(form: GiftForm, *, strict: bool) -> Card | None:
    """The card, or None: none is wanted, or its faults are noted."""
    way = form.card.data or ""
    if way not in {"", *CardWay}:
        form.complain(form.card, said().gettext("Choose by email, by post, or no card."))
        return None
    if not way:
        if clean(form.card_email.data) or clean(form.card_address.data):
            form.complain(
                form.card, said().gettext("Choose whether the card goes by email or by post.")
            )
        return None
    if not form.tribute_kind.data:
        form.complain(
            form.tribute_kind,
            said().gettext("A card tells of a dedication: choose in honor of or in memory of."),
        )
    name = form.limited(form.card_name, 200)
    if not name:
        form.complain(form.card_name, said().gettext("Enter the name of who gets the card."))
    email = address = ""
    if way == CardWay.email:
        missing = said().gettext("Enter the email address that the card goes to.")
        email = read_email(form, form.card_email, missing, strict=strict) or ""
    else:
        address = _address(form)
    return Card(way, name, email, address, _message(form), _sender(form))


def _address(form: GiftForm) -> str:
    typed = form.limited(form.card_address, LONGEST_ADDRESS, lines=True)
    lines = [" ".join(line.split()) for line in typed.splitlines() if line.strip()]
    if len(lines) < 2:
        sentence = said().gettext(
            "Enter the postal address: the street on one line, the town on the next."
        )
        form.complain(form.card_address, sentence)
    elif len(lines) > MOST_LINES:
        sentence = said().gettext("An address has at most %(most)s lines.")
        form.complain(form.card_address, sentence % {"most": MOST_LINES})
    return "\n".join(lines)


def _message(form: GiftForm) -> str:
    message = form.limited(form.card_message, LONGEST_MESSAGE, lines=True)
    if _LINK.search(message):
        form.complain(
            form.card_message, said().gettext("A card carries no links. Please take them out.")
        )
    return message


def _sender(form: GiftForm) -> str:
    """Whom it is from: as typed there, else the donor's own name."""
    sender = form.limited(form.card_from, 200) or clean(form.name.data)[:200]
    if not sender:
        form.complain(form.card_from, said().gettext("Enter whom the card is from."))
    return sender
