"""Every range that IANA lists as special is refused, at both of its ends; its public neighbors are not."""

from ipaddress import ip_network

import pytest

from campaign.core.outgoing.addresses import Reach, is_inside_name, reach_of

SPECIAL = [
    *("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24"),
    *("192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    "::/128",  # unspecified
    "::/96",  # IPv4-compatible
    "::ffff:0:0/96",  # IPv4-mapped
    *("64:ff9b::/96", "64:ff9b:1::/48"),  # NAT64
    *("100::/64", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32"),
    *("2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fe80::/10", "fec0::/10"),
    *("ff00::/8", "fd00:ec2::/32"),
]
PRIVATE = ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/8", "fd00::/16"]
PUBLIC = [
    *("1.1.1.1", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0"),
    *(
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "198.17.255.255",
    ),
    *("198.20.0.0", "223.255.255.255", "168.63.129.15", "2606:4700::1111", "2a00:1450:4001::1"),
]


@pytest.mark.parametrize("network", SPECIAL)
def test_a_special_range_is_refused_from_its_first_address_to_its_last(network: str) -> None:
    found = ip_network(network)
    ends = (found[0], found[found.num_addresses // 2], found[-1])
    # The one address of the IPv4-compatible range that is this machine's own.
    assert {reach_of(str(one)) for one in ends if str(one) != "::1"} == {Reach.special}


@pytest.mark.parametrize("network", PRIVATE)
def test_this_machine_and_private_networks_are_private(network: str) -> None:
    found = ip_network(network)
    ends = (found[1], found[found.num_addresses // 2], found[-1])
    assert {reach_of(str(one)) for one in ends} <= {Reach.private}
    assert reach_of("::1") is Reach.private


@pytest.mark.parametrize("address", PUBLIC)
def test_the_neighbors_are_public(address: str) -> None:
    assert reach_of(address) is Reach.public


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::a9fe:a9fe"),
        *("fe80::1%eth0", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"),
        *("", "localhost", "0x7f.1", "1.2.3", "127.0.0.1 "),
    ],
)
def test_clouds_metadata_and_addresses_within_addresses_are_special(address: str) -> None:
    assert reach_of(address) is Reach.special


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "api.localhost", "crm", "crm.internal", "crm.local", "router.lan"),
        *(
            "metadata.google.internal",
            "metadata",
            "instance-data",
            "x.home.arpa",
            "x.corp",
            "x.onion",
        ),
        *("2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1", "0177.0.0.1", "010.0.0.1"),
        *("127.0.0.1", "::1", "169.254.169.254", "64:ff9b::a9fe:a9fe", "0", "0x0", "1.2.3"),
    ],
)
def test_a_name_or_a_spelling_of_the_inside_is_known(host: str) -> None:
    assert is_inside_name(host)


@pytest.mark.parametrize(
    "host",
    [
        *("crm.example.org", "hooks.zapier.com", "93.184.216.34", "2606:4700::1111"),
        *("0x7f.example.org", "localhost.example.org", "internal.example.org", "1-2.example.org"),
    ],
)
def test_names_of_others_are_not(host: str) -> None:
    assert not is_inside_name(host)
