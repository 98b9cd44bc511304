"""Keys for the network that a request comes from."""

import pytest

from campaign.core.networks import UNKNOWN, network_key, network_prefix


@pytest.mark.parametrize(
    ("address", "key", "prefix"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", UNKNOWN, UNKNOWN),
        ("unix:", UNKNOWN, UNKNOWN),
        ("203.0.113.9, 10.0.0.1", UNKNOWN, UNKNOWN),
    ],
)
def test_one_network_has_one_key(address: str, key: str, prefix: str) -> None:
    assert network_key(address) == key
    assert network_prefix(address) == prefix


def test_neighbouring_networks_stay_apart() -> None:
    assert network_key("2001:db8:1:2::1") != network_key("2001:db8:1:3::1")
    assert network_key("203.0.113.9") != network_key("203.0.113.10")
