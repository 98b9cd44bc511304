"""Direct mail codes: one per recipient and campaign, looked up later and purged after the final result."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.models import Campaign, DirectMailPiece, Donor
from campaign.offline.coupon_codes import Coupon, coupon_code, read_code
from campaign.offline.direct_mail_codes import (
    direct_mail_to,
    find_direct_mail_piece,
    mailing_address,
    purge_direct_mail,
    save_coupons,
    shared_code,
)
from campaign.offline.direct_mail_list import DirectMailRecipient
from campaign.runtime.context import Installation

ANA = DirectMailRecipient("Ana Reyes", "SID 7", "Two Rivers", ("1 Road", "Umatilla"), "en")
BO = DirectMailRecipient("Bo Lee", "", "Two Rivers", ("1 Road", "Umatilla"), "es")


def post(
    installation: Installation,
    campaign: Campaign,
    *recipients: DirectMailRecipient,
    at: datetime | None = None,
) -> list[str]:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        return save_coupons(session, found, recipients, at or now())


def rows(installation: Installation) -> list[DirectMailPiece]:
    with installation.sessions() as session:
        return list(session.scalars(select(DirectMailPiece).order_by(DirectMailPiece.id)))


@pytest.fixture
def second(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return create_campaign(
            session, NewCampaign("spring", "S", "500", "2099-12-31", "America/Los_Angeles")
        )


def test_a_repeat_recipient_keeps_the_code_with_the_new_address(
    installation: Installation, running: Campaign
) -> None:
    before = post(installation, running, ANA, BO)
    moved = replace(ANA, name="ANA REYES", number="sid 7", address=("2 Road",), locale="es")
    later = now() + timedelta(days=1)
    assert post(installation, running, BO, moved, at=later) == before[::-1]
    ana, bo = rows(installation)
    assert (ana.name, ana.number, ana.address, ana.locale) == ("Ana Reyes", "SID 7", "2 Road", "es")
    assert ana.printed_at == bo.printed_at == later


def test_a_different_number_institution_or_campaign_gets_another_code(
    installation: Installation, running: Campaign, second: Campaign
) -> None:
    codes = post(
        installation, running, ANA, replace(ANA, number="SID 8"), replace(ANA, institution="X")
    )
    codes += post(installation, second, ANA)
    assert len({code.rpartition("/")[2] for code in codes}) == 4
    assert codes[3].startswith("SPRING/")


def test_only_a_printed_code_finds_its_recipient(
    installation: Installation, running: Campaign, second: Campaign
) -> None:
    (code,) = post(installation, running, ANA)
    with installation.sessions() as session:
        coupon = read_code(session, code.lower())
        posted = find_direct_mail_piece(session, coupon)
        assert posted is not None
        assert (posted.name, posted.institution) == ("Ana Reyes", "Two Rivers")
        assert find_direct_mail_piece(session, read_code(session, "year-end")) is None
        assert find_direct_mail_piece(session, read_code(session, shared_code(running))) is None
        assert find_direct_mail_piece(session, Coupon(second, coupon.article, "")) is None
    assert shared_code(running) == coupon_code(running, "post")


@pytest.mark.parametrize(
    ("number", "address", "shown"),
    [
        ("SID 7", "1 Road", ["SID 7, Two Rivers", "1 Road"]),
        ("", "1 Road\nUmatilla", ["Two Rivers", "1 Road", "Umatilla"]),
        (
            "",
            "Wing 3\n1 Road\nUmatilla\nOregon",
            ["Two Rivers", "Wing 3", "1 Road, Umatilla, Oregon"],
        ),
    ],
)
def test_the_donor_address_has_at_most_three_lines(
    number: str, address: str, shown: list[str]
) -> None:
    posted = DirectMailPiece(number=number, institution="Two Rivers", address=address)
    assert mailing_address(posted) == shown


def test_direct_mail_to_a_short_address_is_matched_too(
    installation: Installation, running: Campaign
) -> None:
    post(
        installation,
        running,
        DirectMailRecipient("Ana Reyes", "", "Two Rivers", ("Umatilla",), "en"),
    )
    with installation.sessions() as session:
        ana = Donor(email="", name="Ana Reyes", address="Two Rivers\nUmatilla")
        (found,) = direct_mail_to(session, [ana])
        assert mailing_address(found) == ["Two Rivers", "Umatilla"]


def test_direct_mail_is_matched_by_name_and_address_together(
    installation: Installation, running: Campaign
) -> None:
    post(installation, running, ANA, BO)
    address = "sid 7, two rivers\n1 ROAD\nUmatilla"
    with installation.sessions() as session:
        ana = Donor(email="", name="ana reyes", address=address)
        same_name = Donor(email="", name="Bo Lee", address="Elsewhere")
        same_address = Donor(email="", name="Cy", address=address)
        unnamed = Donor(email="", name="", address="")
        found = direct_mail_to(session, [ana, same_name, same_address, unnamed])
        assert [one.name for one in found] == ["Ana Reyes"]
        assert (
            direct_mail_to(session, [same_name, same_address]) == direct_mail_to(session, []) == []
        )


def test_recipients_are_purged_some_time_after_the_final_result(
    installation: Installation, running: Campaign, second: Campaign
) -> None:
    post(installation, running, ANA)
    post(installation, second, ANA)
    at = now()
    final = update(Campaign).where(Campaign.id == running.id)
    with installation.sessions.begin() as session:
        assert purge_direct_mail(session, at) == 0
        session.execute(final.values(finalized_at=at, final_raised=0))
        assert purge_direct_mail(session, at + timedelta(days=90) - timedelta(microseconds=1)) == 0
        assert purge_direct_mail(session, at + timedelta(days=90)) == 1
        assert purge_direct_mail(session, at + timedelta(days=90)) == 0
    assert [one.campaign_id for one in rows(installation)] == [second.id]
