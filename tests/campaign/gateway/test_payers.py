"""Who paid: what one object does not say, another may."""

from campaign.gateway.payers import Payer


def test_what_one_source_does_not_know_another_adds() -> None:
    assert Payer("", "Ana").or_else(Payer("ana@example.org", "Anna", "es")) == Payer(
        "ana@example.org", "Ana", "es"
    )
