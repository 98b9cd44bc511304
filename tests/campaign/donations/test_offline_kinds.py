"""Kinds of offline gifts as staff type and read them, and the reasons for reversing one."""

import pytest

from campaign.donations.offline_kinds import (
    KIND_NAMES,
    REVERSAL_REASONS,
    REVERSAL_TEXTS,
    read_kind,
)
from campaign.models import OfflineKind, ReversalReason


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("", OfflineKind.cheque),
        ("check", OfflineKind.cheque),
        ("Cheque", OfflineKind.cheque),
        (" CHECK ", OfflineKind.cheque),
        ("cash", OfflineKind.cash),
        ("stock", OfflineKind.stock),
        ("Shares", OfflineKind.stock),
        ("daf", OfflineKind.donor_advised_fund),
        ("DAF", OfflineKind.donor_advised_fund),
        ("donor_advised_fund", OfflineKind.donor_advised_fund),
        ("Donor-advised fund", OfflineKind.donor_advised_fund),
        ("donor  advised fund", OfflineKind.donor_advised_fund),
        ("bitcoin", None),
        ("checks", None),
        ("donor advised", None),
    ],
)
def test_a_kind_is_read_as_staff_type_it(typed: str, kind: OfflineKind | None) -> None:
    assert read_kind(typed) is kind


@pytest.mark.parametrize("kind", OfflineKind)
def test_every_kind_has_a_name_that_can_be_typed(kind: OfflineKind) -> None:
    assert read_kind(KIND_NAMES[kind]) is kind
    assert read_kind(kind.value) is kind


def test_every_reason_for_a_reversal_has_its_sentence() -> None:
    said = {
        ReversalReason.bounced: ("The bank returned it unpaid", "returned unpaid"),
        ReversalReason.mistake: ("It was entered by mistake", "entered by mistake"),
        ReversalReason.returned: ("We sent it back to the donor", "sent back"),
    }
    assert set(said) == set(ReversalReason)
    assert {one: (REVERSAL_REASONS[one], REVERSAL_TEXTS[one]) for one in ReversalReason} == said
