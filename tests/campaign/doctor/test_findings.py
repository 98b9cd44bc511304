"""A finding has a level and a sentence."""

from campaign.doctor.findings import Finding, Level, fault, note, ok


def test_each_level_has_its_maker() -> None:
    found = [ok("a"), note("b"), fault("c")]
    assert found == [Finding(Level.ok, "a"), Finding(Level.note, "b"), Finding(Level.fault, "c")]
