"""Coupon codes: a printed code can be read again and tolerates handwriting."""

import itertools

import pytest

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.errors import OfflineGiftInvalid
from campaign.models import Campaign
from campaign.offline.coupon_codes import Coupon, article_name, coupon_code, read_code
from campaign.runtime.context import Installation

SLUGS = ("nine-days", "spring", "spring-2026", "oil-5")


@pytest.fixture
def campaigns(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        for slug in SLUGS:
            new = NewCampaign(slug, "Free to read", "500", "2099-12-31", "America/Los_Angeles")
            create_campaign(session, new)


def read(installation: Installation, typed: str) -> Coupon:
    with installation.sessions() as session:
        return read_code(session, typed)


def test_a_printed_code_can_be_read(installation: Installation, campaigns: None) -> None:
    articles = ("", "harbor", "Harbor-Lights 7", "2026", "bool1", "0o1l5s", "é")
    for slug, article in itertools.product(SLUGS, articles):
        code = coupon_code(Campaign(slug=slug), article)
        for typed in (code, code.lower(), f"  {code} ", code.replace("-", " ")):
            found = read(installation, typed)
            assert (found.campaign.slug, found.article) == (slug, article_name(article)), typed
            assert found.code == code


def test_look_alike_characters_and_missing_hyphens_are_tolerated(
    installation: Installation, campaigns: None
) -> None:
    code = coupon_code(Campaign(slug="nine-days"), "harbor")
    for typed in (
        "NINE-DAYS/HARB0R-{}",
        "n1ne days / harbor {}",
        "NINEDAY5HARBOR{}",
        "nine-days.harbor.{}",
    ):
        found = read(installation, typed.format(code[-1]))
        assert (found.campaign.slug, found.article, found.code) == ("nine-days", "harbor", code)


def test_a_campaigns_own_code_is_the_one_printed_on_the_appeal(
    installation: Installation, campaigns: None
) -> None:
    assert coupon_code(Campaign(slug="oil-5")) == "OIL-5"
    assert read(installation, "0l1 s").campaign.slug == "oil-5"
    assert read(installation, "Spring 2O26").campaign.slug == "spring-2026"


def test_a_wrong_code_is_reported(installation: Installation, campaigns: None) -> None:
    check = coupon_code(Campaign(slug="nine-days"), "harbor")[-1]
    for wrong in ("HARBOUR", "HARBRO", "HARBOT", "HARBORS"):
        with pytest.raises(OfflineGiftInvalid, match=f"NINE-DAYS/{wrong}-{check}.*last character"):
            read(installation, f"NINE-DAYS/{wrong}-{check}")
    with pytest.raises(OfflineGiftInvalid, match="There is no coupon with the code 'autumn'"):
        read(installation, "autumn")
