"""The figures of a campaign's report: days, sources, emails, ledger sums and comments, net of refunds."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import (
    Campaign,
    CampaignStep,
    Donor,
    LedgerEntry,
    OutboxMessage,
    ReversalReason,
)
from campaign.offline.entry import Choices
from campaign.offline.reversals import reverse
from campaign.outreach.step_statistics import Counts
from campaign.reporting.campaign_report import CampaignReport, Comment, LedgerSum, read_report
from campaign.reporting.tallies import Tally
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_entry
from tests.support.campaigns import add_campaign as campaign_of_twenty_days
from tests.support.offline_gifts import FINANCE, TODAY, Enter, gift_of

DAY = timedelta(days=1)


def report(installation: Installation, campaign: Campaign) -> CampaignReport:
    with installation.sessions() as session:
        return read_report(session, session.get_one(Campaign, campaign.id), now())


def give_back(session: Session, gift: Any, amount: int) -> None:
    add_entry(session, gift, "refund", -amount)
    gift.state = "refunded" if amount == gift.amount else "partially_refunded"


def test_a_campaign_without_gifts_has_an_empty_report(installation: Installation) -> None:
    found = report(installation, campaign_of_twenty_days(installation))
    empty = (found.days, found.sizes, found.frequencies, found.sources, found.mail, found.offline)
    assert not any((*empty, found.booked, found.extensions, found.comments))
    assert (found.new, found.returning, found.covered, found.offline_amount) == (0,) * 4
    assert found.fees == {}
    assert not found.final


def test_the_five_best_days_are_sorted_by_amount_in_the_campaigns_time_zone(
    installation: Installation,
) -> None:
    # Tokyo has no clock changes, so every day has 24 hours.
    campaign = campaign_of_twenty_days(installation, timezone="Asia/Tokyo")
    midnight = now().astimezone(campaign.zone).replace(hour=0, minute=0)
    with installation.sessions.begin() as session:
        for ago, amount in enumerate((10, 70, 30, 40, 50, 60), start=1):
            add_booked_gift(session, campaign, amount * 100, now() - midnight + ago * DAY)
        add_booked_gift(session, campaign, 6_500, now() - midnight + timedelta(minutes=1))
        lost = add_booked_gift(session, campaign, 90_000, 8 * DAY)
        # Posted today, which makes today's net amount negative.
        give_back(session, lost, 90_000)
    days = report(installation, campaign).days
    assert [(midnight.date() - day, one.amount, one.gifts) for day, one in days] == [
        (8 * DAY, 90_000, 1),
        (1 * DAY, 7_500, 2),
        (2 * DAY, 7_000, 1),
        (6 * DAY, 6_000, 1),
        (5 * DAY, 5_000, 1),
    ]


def test_a_day_with_a_negative_net_amount_is_not_a_best_day(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        give_back(session, add_booked_gift(session, campaign, 1_000, ago=3 * DAY), 1_000)
    assert [one.amount for _, one in report(installation, campaign).days] == [1_000]


def test_a_day_of_a_cent_is_a_best_day_and_a_day_without_a_net_amount_is_not(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1, ago=3 * DAY)
        give_back(session, add_booked_gift(session, campaign, 1_000, ago=timedelta()), 1_000)
    assert [one.amount for _, one in report(installation, campaign).days] == [1]


def test_fully_refunded_sources_are_left_out_and_the_largest_come_first(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        for number in range(16):
            add_booked_gift(session, campaign, 1_000 + number * 100, code=f"article-{number:02d}")
        gone = add_booked_gift(session, campaign, 90_000, code="gone", frequency="monthly")
        give_back(session, gone, 90_000)
        give_back(session, add_booked_gift(session, campaign, 5_000, code="part"), 500)
    found = report(installation, campaign)
    assert len(found.sources) == 15
    assert [one.key for one in found.sources[:3]] == ["part", "article-15", "article-14"]
    assert [(one.key, one.amount, one.gifts) for one in found.frequencies] == [
        ("one_time", 32_500, 17)
    ]
    assert "50000" not in [one.key for one in found.sizes]


def test_a_donor_who_gave_to_another_campaign_before_is_returning(
    installation: Installation,
) -> None:
    first = campaign_of_twenty_days(installation)
    second = campaign_of_twenty_days(installation, slug="spring")
    with installation.sessions.begin() as session:
        known = add_booked_gift(session, first).donor_id
        for _ in range(2):
            add_booked_gift(session, second, donor_id=known)
        add_booked_gift(session, second)
    assert [
        (one.new, one.returning)
        for one in (report(installation, first), report(installation, second))
    ] == [
        (1, 0),
        (1, 1),
    ]


def test_steps_are_listed_if_emails_were_sent_or_gifts_came_through_their_links(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 2_000, code="mail-last-day")
        steps = dict(session.execute(select(CampaignStep.key, CampaignStep.id)).all())
        for number, state in enumerate(("sent", "sent", "queued", "failed")):
            session.add(
                OutboxMessage(
                    kind="appeal",
                    subject_key=str(number),
                    campaign_id=campaign.id,
                    step_id=steps["opening"],
                    recipient=f"reader{number}@example.org",
                    message_id=f"<{number}@harbor-ledger.example>",
                    state=state,
                    sent_at=now() if state == "sent" else None,
                )
            )
    opening, last = report(installation, campaign).mail
    assert (opening.key, opening.counts) == ("opening", Counts(waiting=1, sent=2, failed=1))
    assert opening.given == Tally("opening")
    assert (last.key, last.counts, last.given.amount) == ("last_day", Counts(), 2_000)


def test_offline_gifts_are_summed_by_kind_without_reversed_ones(
    installation: Installation, running: Campaign, enter: Enter
) -> None:
    new = Choices(waived=None, donor="new")
    for reference, (kind, amount) in enumerate((("cash", "20"), ("check", "50"), ("cash", "5"))):
        gift_of(enter(new, kind=kind, amount=amount, reference=str(reference)))
    bounced = gift_of(enter(new, amount="700", reference="9"))
    with installation.sessions.begin() as session:
        session.add(bounced)
        name = bounced.donation.public_id
        reverse(session, name, ReversalReason.bounced, TODAY, FINANCE, installation.books, now())
    found = report(installation, running)
    assert [(one.key, one.amount, one.gifts) for one in found.offline] == [
        ("cheque", 5_000, 1),
        ("cash", 2_500, 2),
    ]
    assert found.offline_amount == 7_500


def test_ledger_sums_have_every_kind_with_covered_fees_and_stripe_fees(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, 2_500)
        add_booked_gift(session, campaign, 1_000)
        values = {
            "campaign_id": campaign.id,
            "donation_id": gift.id,
            "currency": "usd",
            "occurred_at": now(),
        }
        session.add(LedgerEntry(kind="refund", amount=-500, fee_cover=-20, source="re_1", **values))
        session.add(LedgerEntry(kind="fee", amount=0, fee=7, source="fee_1", **values))
    found = report(installation, campaign)
    assert found.booked == [
        LedgerSum("payment", 2, 3_500, 0, 118, "usd"),
        LedgerSum("fee", 1, 0, 0, 7, "usd"),
        LedgerSum("refund", 1, -500, -20, 0, "usd"),
    ]
    assert (found.fees, found.covered) == ({"usd": 125}, -20)


def test_comments_are_from_donors_who_are_not_anonymous_newest_first(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions.begin() as session:
        first = add_booked_gift(session, campaign, comment=" Thank\n\nyou ", name="A. Reyes")
        add_booked_gift(session, campaign, comment="hidden", anonymous=True)
        add_booked_gift(session, campaign, comment="gone", state="refunded")
        add_booked_gift(session, campaign, comment="")
        last = add_booked_gift(
            session, campaign, comment="More", name="Ben", state="partially_refunded"
        )
        session.get_one(Donor, first.donor_id).name = "Ana Reyes"
        session.get_one(Donor, last.donor_id).name = ""
    assert report(installation, campaign).comments == [
        Comment("More", "Ben"),
        Comment("Thank you", "Ana Reyes"),
    ]
    with installation.sessions.begin() as session:
        for number in range(40):
            add_booked_gift(session, campaign, comment=f"No. {number}")
    found = report(installation, campaign).comments
    assert (len(found), found[0].text, found[-1].text) == (40, "No. 39", "No. 0")


def test_a_result_is_final_once_finalized_or_after_the_grace_period(
    installation: Installation,
) -> None:
    campaign = campaign_of_twenty_days(installation)
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        moment = timedelta(microseconds=1)
        assert not read_report(session, found, found.final_from - moment).final
        assert read_report(session, found, found.final_from).final
