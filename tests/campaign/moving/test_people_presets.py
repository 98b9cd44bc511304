"""The presets: each has its own signature, and names only fields that exist."""

from campaign.moving.columns import normalized
from campaign.moving.people import PeopleImport
from campaign.moving.suppressed import SuppressionsImport


def test_presets_are_told_apart_by_their_columns() -> None:
    for kind in (PeopleImport, SuppressionsImport):
        signatures = [frozenset(map(normalized, one.signature)) for one in kind.presets[1:]]
        assert all(signatures)
        assert len(set(signatures)) == len(signatures)
        assert {one.kind for one in kind.presets} == {kind.name}


def test_presets_for_people_name_only_fields_that_people_have() -> None:
    fields = {field.name for field in PeopleImport.fields}
    assert all(set(preset.columns) <= fields for preset in PeopleImport.presets)
