"""The presets for gifts: each is known by its own columns, and its columns are found in its example."""

from collections import Counter
from itertools import chain

import pytest

from campaign.core.errors import ListInvalid
from campaign.moving.columns import ColumnMap, find_preset, map_columns, normalized
from campaign.moving.gift_presets import FIELDS, ORDERS, PLAIN, PRESETS, SAME_SYSTEM
from campaign.moving.moments import DateOrder
from campaign.moving.tables import open_table
from tests.support.past_gifts import EXPORTS

SYSTEMS = {preset.name: preset for preset in PRESETS}


def columns_of(name: str) -> tuple[str, ...]:
    """Return the columns of a system's example file."""
    return open_table(EXPORTS / f"{name}.csv").columns


def mapped(name: str) -> ColumnMap:
    return map_columns(columns_of(name), FIELDS, SYSTEMS[name])


@pytest.mark.parametrize("name", sorted(set(SYSTEMS) - {PLAIN.name}))
def test_a_systems_file_is_known_by_its_columns(name: str) -> None:
    columns = columns_of(name)
    assert find_preset(PRESETS, "", columns) is SYSTEMS[name]
    # Without one of the columns of its signature it is a plain list, or another system's.
    for missing in SYSTEMS[name].signature:
        left = [one for one in columns if normalized(one) != normalized(missing)]
        assert find_preset(PRESETS, "", left) is not SYSTEMS[name]


def test_a_file_of_no_system_is_a_plain_list() -> None:
    assert PRESETS[0] is PLAIN
    assert find_preset(PRESETS, "", columns_of("plain")) is PLAIN


@pytest.mark.parametrize(
    ("name", "field", "column"),
    [
        ("givewp", "external_id", "Donation ID"),
        ("givewp", "total", "Donation Total"),
        ("givewp", "given_time", "Donation Time"),
        ("donorbox", "total", "Amount"),
        ("donorbox", "fee", "Total Fee"),
        ("donorbox", "charge", "Stripe Charge Id"),
        ("rev-engine", "total", "Amount"),
        ("rev-engine", "amount", "Donor Selected Amount"),
        ("givebutter", "given_at", "Transaction Date (UTC)"),
        ("givebutter", "cover", "Fee Covered"),
        ("givebutter", "refunded", "Refunded Amount"),
        ("actblue", "installment", "Recurrence Number"),
        ("npsp", "given_at", "Close Date"),
        ("npsp", "name", "Primary Contact"),
        ("bloomerang", "external_id", "Transaction Number"),
        ("bloomerang", "kind", "Type"),
        ("civicrm", "charge", "Transaction ID"),
        ("stripe", "refunded", "Amount Refunded"),
        ("stripe", "charge", "id"),
        ("stripe-balance", "total", "customer_facing_amount"),
        ("stripe-balance", "currency", "customer_facing_currency"),
        ("stripe-balance", "kind", "reporting_category"),
    ],
)
def test_a_field_is_the_column_that_the_system_has_for_it(
    name: str, field: str, column: str
) -> None:
    assert mapped(name).columns[field] == column


@pytest.mark.parametrize("name", ["stripe", "stripe-balance"])
def test_the_payment_intent_of_stripe_names_the_gift(name: str) -> None:
    """One column names the gift and its payment, so the payment is found by `external_id` too."""
    found = mapped(name).columns
    assert normalized(found["external_id"]) in ("paymentintent id", "payment intent id")
    assert "payment_intent" not in found


def test_a_plain_list_needs_a_date_and_no_other_column() -> None:
    assert map_columns(["Date"], FIELDS, PLAIN).columns == {"given_at": "Date"}
    with pytest.raises(ListInvalid, match="no column for given_at"):
        map_columns(["total", "email"], FIELDS, PLAIN)


def test_only_one_common_name_of_a_column_means_two_fields() -> None:
    each = [{normalized(name) for name in (one.name, *one.also)} for one in FIELDS]
    counted = Counter(chain.from_iterable(each))
    assert {name for name, number in counted.items() if number > 1} == {"donation id"}
    # It is the system's own id, unless the file has another column for that.
    alone = map_columns(["Date", "Donation ID"], FIELDS, PLAIN).columns
    beside = map_columns(["Date", "Donation ID", "ID"], FIELDS, PLAIN).columns
    assert (alone["external_id"], "donation_id" in alone) == ("Donation ID", False)
    assert (beside["external_id"], beside["donation_id"]) == ("ID", "Donation ID")


def test_presets_name_only_fields_that_exist_and_no_preset_is_there_twice() -> None:
    fields = {one.name for one in FIELDS}
    assert set(chain.from_iterable(one.columns for one in PRESETS)) <= fields
    assert len(SYSTEMS) == len(PRESETS)
    assert {one.kind for one in PRESETS} == {"gifts"}


def test_only_systems_that_say_so_have_a_zone_and_an_order_of_dates() -> None:
    assert {one.name: one.zone for one in PRESETS if one.zone} == {
        "givebutter": "UTC",
        "actblue": "America/New_York",
        "stripe": "UTC",
        "stripe-balance": "UTC",
    }
    assert dict(ORDERS) == {"donorbox": DateOrder.mdy}


def test_both_files_of_stripe_name_the_same_gifts() -> None:
    assert dict(SAME_SYSTEM) == {"stripe-balance": "stripe"}
    assert {*SAME_SYSTEM, *SAME_SYSTEM.values(), *ORDERS} <= set(SYSTEMS)
