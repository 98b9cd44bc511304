"""Coupon codes: a code identifies a campaign and the article that carried the coupon, and tolerates handwriting.

`NINE-DAYS` is the campaign's own code; `NINE-DAYS/HARBORLIGHTS-K` is that of an article. Its last character is a check
character by ISO/IEC 7064, MOD 37,36, which detects every single wrong character and every swap of two. Used on the
printed coupon, in the form for offline gifts and in their import.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import OfflineGiftInvalid
from campaign.models import Campaign

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOOKALIKES = ("0OQ", "1IL", "2Z", "5S", "8B", "UV")
"""Characters that look alike in handwriting and small print."""
_FOLDED = {ord(one): group[0] for group in _LOOKALIKES for one in group}
_MAX_MISREAD = 1
LONGEST_ARTICLE = 40


@dataclass(frozen=True)
class Coupon:
    """A parsed code: its campaign, the article's short name ('' for none), and the code as printed."""

    campaign: Campaign
    article: str
    code: str


def article_name(article: str) -> str:
    """Return an article's name as used in codes, as lower-case letters and digits: `harborlights7`."""
    plain = unicodedata.normalize("NFKD", article).encode("ascii", "ignore").decode()
    return _alphanumeric(plain).lower()[:LONGEST_ARTICLE]


def coupon_code(campaign: Campaign, article: str = "") -> str:
    """Return the code to print on a coupon of `campaign` in `article`."""
    return _format_code(campaign.slug, article_name(article).upper())


def _format_code(slug: str, article: str) -> str:
    name = slug.upper()
    return (
        f"{name}/{article}-{_check_character(_alphanumeric(slug) + article)}" if article else name
    )


def _alphanumeric(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def _check_character(text: str) -> str:
    """Return the check character of squeezed text by ISO/IEC 7064, MOD 37,36."""
    product = 36
    for character in text:
        total = (product + _DIGITS.index(character)) % 36 or 36
        product = total * 2 % 37
    return _DIGITS[(37 - product) % 36]


def read_code(session: Session, typed: str) -> Coupon:
    """Return the coupon of a typed code. Case, spaces, hyphens and one look-alike character may differ.

    Raises OfflineGiftInvalid for the field `code`.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    campaigns = session.scalars(select(Campaign).order_by(Campaign.id)).all()
    found = _campaign(campaigns, text)
    if found is not None:
        return Coupon(found, "", coupon_code(found))
    coupons = list(_coupons(campaigns, text))
    if not coupons:
        near = " Check its last character." if _starts_with_campaign(campaigns, text) else ""
        raise OfflineGiftInvalid({"code": f"There is no coupon with the code {typed!r}.{near}"})
    return max(coupons, key=lambda one: len(one.campaign.slug))


def _fold_lookalikes(text: str) -> str:
    return _alphanumeric(text).translate(_FOLDED)


def _campaign(campaigns: Sequence[Campaign], text: str) -> Campaign | None:
    """Return the campaign with this code of its own. If the slugs of two look alike, only an exact match counts."""
    alike = [one for one in campaigns if _fold_lookalikes(one.slug) == _fold_lookalikes(text)]
    exact = [one for one in alike if _alphanumeric(one.slug) == _alphanumeric(text)]
    return alike[0] if len(alike) == 1 else next(iter(exact), None)


def _starts_with_campaign(campaigns: Sequence[Campaign], text: str) -> bool:
    return any(_fold_lookalikes(text).startswith(_fold_lookalikes(one.slug)) for one in campaigns)


def _coupons(campaigns: Sequence[Campaign], text: str) -> Iterator[Coupon]:
    """Yield a coupon for each campaign that the code begins with, if the rest is an article and its check character.

    A slash marks the end of the campaign; without one, the caller prefers the longest slug.
    """
    named, stroke, _ = text.partition("/")
    for campaign in campaigns:
        name = _alphanumeric(campaign.slug)
        if not _fold_lookalikes(text).startswith(_fold_lookalikes(name)):
            continue
        if stroke and len(_alphanumeric(named)) != len(name):
            continue
        article = _article(name, _alphanumeric(text)[len(name) :])
        if article:
            yield Coupon(campaign, article.lower(), _format_code(campaign.slug, article))


def _article(name: str, rest: str) -> str:
    """Return the article in `rest`, which ends with the check character, or '' if no reading or several are valid.

    Readings with fewer misread characters are tried first.
    """
    if not 2 <= len(rest) <= LONGEST_ARTICLE + 1:
        return ""
    for misread in range(_MAX_MISREAD + 1):
        right = {
            one[:-1]
            for one in _readings(rest, misread)
            if _check_character(name + one[:-1]) == one[-1]
        }
        if right:
            return right.pop() if len(right) == 1 else ""
    return ""


def _readings(text: str, misread: int) -> Iterator[str]:
    """Yield `text` with exactly `misread` of its characters replaced by look-alikes."""
    places = [
        (index, group.replace(one, ""))
        for index, one in enumerate(text)
        for group in _LOOKALIKES
        if one in group
    ]
    for chosen in itertools.combinations(places, misread):
        for others in itertools.product(*(group for _, group in chosen)):
            read = list(text)
            for (index, _), other in zip(chosen, others, strict=True):
                read[index] = other
            yield "".join(read)
