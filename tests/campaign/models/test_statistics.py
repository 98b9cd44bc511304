"""What is counted besides the sum, and matching gifts, as the tables keep it. Raw."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaign.models import Campaign, CodeVisit, GiftTally, MatchingGift, MatchingShard
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert, refusals
from tests.support.stripe import Facts


@pytest.fixture
def matching(installation: Installation, campaign: Campaign) -> int:
    """Insert a matching gift over one day; return its id."""
    return int(
        insert(
            installation,
            MatchingGift,
            campaign_id=campaign.id,
            sponsor="Harbor Bank",
            pool=500_000,
            starts_at=datetime(2026, 12, 24, tzinfo=UTC),
            ends_at=datetime(2026, 12, 25, tzinfo=UTC),
            created_by="Ada",
        )
    )


def test_a_promise_to_match_has_a_sponsor_a_pool_and_a_window(
    installation: Installation, matching: int
) -> None:
    rules = {
        "pool = 0": "ck_matching_gift_pool",
        "pool = 1": "",
        "ratio_percent = 0": "ck_matching_gift_ratio_percent",
        "ratio_percent = 1": "",
        "ratio_percent = 1000": "",
        "ratio_percent = 1001": "ck_matching_gift_ratio_percent",
        "ends_at = starts_at": "ck_matching_gift_window",
        "sponsor = ''": "ck_matching_gift_sponsor",
    }
    assert refusals(installation, "matching_gift", rules) == rules
    with installation.sessions() as session:
        assert session.get_one(MatchingGift, matching).ratio_percent == 100


def test_there_are_sixteen_shards(
    installation: Installation, campaign: Campaign, matching: int
) -> None:
    tally = {"campaign_id": campaign.id, "kind": "code", "key": "spring"}
    for shard in (0, 15):
        insert(installation, GiftTally, shard=shard, **tally)
        insert(installation, MatchingShard, matching_id=matching, shard=shard)
    for shard in (-1, 16):
        with pytest.raises(IntegrityError, match="ck_gift_tally_shard"):
            insert(installation, GiftTally, shard=shard, **tally)
        with pytest.raises(IntegrityError, match="ck_matching_shard_shard"):
            insert(installation, MatchingShard, matching_id=matching, shard=shard)
    with pytest.raises(IntegrityError, match="ck_gift_tally_kind"):
        insert(installation, GiftTally, shard=0, **tally | {"kind": "weather"})


def test_the_ledger_s_trigger_counts_a_gift_by_each_aspect(
    installation: Installation, paid: Facts
) -> None:
    query = (
        "SELECT kind, key, amount, gifts, received, payments FROM gift_tally WHERE kind <> 'hour'"
    )
    with installation.engine.connect() as connection:
        found = sorted(map(tuple, connection.execute(text(query))))
    counted = (2500, 1, 2500, 1)
    assert found == [
        ("code", "", *counted),
        ("frequency", "one_time", *counted),
        ("size", "2000", *counted),
    ]


def test_a_day_s_visits_by_a_code_are_one_row(
    installation: Installation, campaign: Campaign
) -> None:
    day = {"campaign_id": campaign.id, "code": "spring", "day": date(2026, 12, 24)}
    insert(installation, CodeVisit, **day)
    insert(installation, CodeVisit, **day | {"day": date(2026, 12, 25)})
    with pytest.raises(IntegrityError, match="pk_code_visit"):
        insert(installation, CodeVisit, **day)
