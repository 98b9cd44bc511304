"""Readable names of emails for staff."""

from campaign.emails.names import (
    KIND_NAMES,
    kind_name,
    sample_groups,
    sample_name,
    sample_of,
)
from campaign.emails.samples import samples
from campaign.mailer.kinds import EmailKind


def test_every_kind_has_a_name_of_its_own() -> None:
    assert set(KIND_NAMES) <= set(EmailKind)
    names = [kind_name(one) for one in EmailKind]
    assert len(set(names)) == len(names)
    assert all("_" not in name for name in names)
    assert kind_name("some_new_kind") == "Some new kind"


def test_every_sample_is_in_one_group_under_a_name_of_its_own() -> None:
    groups = sample_groups()
    keys = [key for group in groups for key in group.samples]
    assert sorted(keys) == sorted(samples())
    for group in groups:
        names = list(group.samples.values())
        assert len(set(names)) == len(names)
        assert all("_" not in name for name in names)


def test_a_sample_of_a_step_is_called_what_its_readers_read() -> None:
    assert sample_name("appeal_three_days") == "2 days left"
    assert sample_name("appeal_last_hours") == "Last hours"
    assert sample_name("some_new_sample") == "Some new sample"


def test_a_kind_has_a_sample_to_show_it() -> None:
    assert sample_of("receipt") == "receipt"
    assert sample_of("appeal") == "appeal_opening"
    assert sample_of("donor_page_note").startswith("donor_page_")
    assert sample_of("nothing") == ""
    for kind in EmailKind:
        assert samples()[sample_of(kind)].kind == kind
