"""Tags and batches."""

from campaign.list_sync.people import SubscriberProfile, campaigns_in, in_batches, is_donor


def test_tags_say_who_gave_and_to_what() -> None:
    assert is_donor(["campaign:winter", "donor"])
    assert not is_donor(["donors"])
    assert campaigns_in(["donor", "campaign:winter", "campaign:autumn"]) == ["autumn", "winter"]


def test_addresses_are_compared_in_lower_case() -> None:
    assert SubscriberProfile("Ana@Example.org", "", "en", ()).key == "ana@example.org"


def test_batches_hold_all_rows_in_their_order() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []
