"""Only versions of our release word objects as our readers expect them."""

import pytest
import stripe

from campaign.gateway.api_versions import API_VERSION, is_our_version


def test_our_version_is_that_of_the_sdk() -> None:
    assert stripe.api_version == API_VERSION
    assert is_our_version(API_VERSION)


@pytest.mark.parametrize(
    ("version", "ours"),
    [
        ("2026-11-18.endive", True),
        (None, False),
        ("", False),
        ("2024-06-20", False),
        ("2026-10-28", False),
        ("2026-10-28.acacia", False),
        ("2026-10-28.endive_preview", False),
        ("2026-10-28.endive\n", False),
        ("endive", False),
    ],
)
def test_a_missing_or_odd_version_is_not_ours(version: str | None, ours: bool) -> None:
    assert is_our_version(version) is ours
