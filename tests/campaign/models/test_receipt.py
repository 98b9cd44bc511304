"""A receipt's number. `test_constraints.py` has the rules of its table."""

from campaign.models import Receipt


def test_its_number_is_the_year_and_six_digits_or_more() -> None:
    sequences = (1, 999_999, 1_000_000)
    numbers = [Receipt(year=2026, sequence=sequence).number for sequence in sequences]
    assert numbers == ["2026-000001", "2026-999999", "2026-1000000"]
