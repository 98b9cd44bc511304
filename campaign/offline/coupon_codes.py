"""The code on a coupon: it names a campaign and the article under which the coupon stood, and survives handwriting.

`NINE-DAYS` is the campaign's own; `NINE-DAYS/HARBORLIGHTS-K` that of an article, the last character being a check by
ISO/IEC 7064, MOD 37,36, which finds every single wrong character and every swap of two. For the printed coupon, the
form of envelopes and the list of offline gifts.
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
_ALIKE = ("0OQ", "1IL", "2Z", "5S", "8B", "UV")
"""What handwriting and small print confuse."""
_FOLDED = {ord(one): group[0] for group in _ALIKE for one in group}
_MOST_MISREAD = 1
LONGEST_ARTICLE = 40


@dataclass(frozen=True)
class Coupon:
    """A code that was read: its campaign, the article's short name ('' for none), and the code as it is printed."""

    campaign: Campaign
    article: str
    code: str


def article_name(article: str) -> str:
    """What a code keeps of an article's name: small letters and figures, `harborlights7` for `Harbor-Lights 7`."""
    plain = unicodedata.normalize("NFKD", article).encode("ascii", "ignore").decode()
    return _squeezed(plain).lower()[:LONGEST_ARTICLE]


def coupon_code(campaign: Campaign, article: str = "") -> str:
    """The code to print for a coupon of `campaign` that stands under `article`."""
    return _printed(campaign.slug, article_name(article).upper())


def _printed(slug: str, article: str) -> str:
    name = slug.upper()
    return f"{name}/{article}-{_check(_squeezed(slug) + article)}" if article else name


def _squeezed(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def _check(text: str) -> str:
    """ISO/IEC 7064, MOD 37,36, of squeezed text."""
    product = 36
    for character in text:
        total = (product + _DIGITS.index(character)) % 36 or 36
        product = total * 2 % 37
    return _DIGITS[(37 - product) % 36]


def read_code(session: Session, typed: str) -> Coupon:
    """The coupon whose code was typed as `typed`: any case, spaces, hyphens, and letters mistaken for figures.

    Raises OfflineGiftInvalid, which names the code.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    campaigns = session.scalars(select(Campaign).order_by(Campaign.id)).all()
    found = _campaign(campaigns, text)
    if found is not None:
        return Coupon(found, "", coupon_code(found))
    coupons = list(_coupons(campaigns, text))
    if not coupons:
        near = " Look at its last character again." if _begins_well(campaigns, text) else ""
        raise OfflineGiftInvalid({"code": f"No coupon has the code {typed!r}.{near}"})
    return max(coupons, key=lambda one: len(one.campaign.slug))


def _folded(text: str) -> str:
    return _squeezed(text).translate(_FOLDED)


def _campaign(campaigns: Sequence[Campaign], text: str) -> Campaign | None:
    """The campaign whose own code it is; of two that look alike the one that was written exactly."""
    alike = [one for one in campaigns if _folded(one.slug) == _folded(text)]
    exact = [one for one in alike if _squeezed(one.slug) == _squeezed(text)]
    return alike[0] if len(alike) == 1 else next(iter(exact), None)


def _begins_well(campaigns: Sequence[Campaign], text: str) -> bool:
    return any(_folded(text).startswith(_folded(one.slug)) for one in campaigns)


def _coupons(campaigns: Sequence[Campaign], text: str) -> Iterator[Coupon]:
    """Each campaign with which the code begins, where the rest is an article and its check.

    A stroke tells where the campaign ends, else the longest name counts.
    """
    named, stroke, _ = text.partition("/")
    for campaign in campaigns:
        name = _squeezed(campaign.slug)
        if not _folded(text).startswith(_folded(name)):
            continue
        if stroke and len(_squeezed(named)) != len(name):
            continue
        article = _article(name, _squeezed(text)[len(name) :])
        if article:
            yield Coupon(campaign, article.lower(), _printed(campaign.slug, article))


def _article(name: str, rest: str) -> str:
    """The article in `rest`, which ends with the check; '' where no reading of it, or more than one, is right.

    Of the readings with the fewest characters mistaken for others only one may pass.
    """
    if not 2 <= len(rest) <= LONGEST_ARTICLE + 1:
        return ""
    for misread in range(_MOST_MISREAD + 1):
        right = {one[:-1] for one in _readings(rest, misread) if _check(name + one[:-1]) == one[-1]}
        if right:
            return right.pop() if len(right) == 1 else ""
    return ""


def _readings(text: str, misread: int) -> Iterator[str]:
    """`text` with exactly `misread` of its characters read as others that look like them."""
    places = [
        (index, group.replace(one, ""))
        for index, one in enumerate(text)
        for group in _ALIKE
        if one in group
    ]
    for chosen in itertools.combinations(places, misread):
        for others in itertools.product(*(group for _, group in chosen)):
            read = list(text)
            for (index, _), other in zip(chosen, others, strict=True):
                read[index] = other
            yield "".join(read)
