"""Which addresses outgoing requests may reach. Everything that IANA lists as special is not public.

https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import re
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_network

from campaign.core.outside_text import read_ip


class Reach(Enum):
    """What an address belongs to. `private`: this machine or a private network. `special`: never a web server."""

    public = "public"
    private = "private"
    special = "special"


_PRIVATE_4 = tuple(
    map(ip_network, ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
_SPECIAL_4 = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24"),
            *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",
        ),
    )
)
"""This network, carriers' NAT, link-local, IETF protocols, documentation, AS112, AMT, 6to4 relays, benchmarks,
multicast, reserved, and the one address of Azure that hands out credentials. Those of other clouds (169.254.169.254,
100.100.100.200, 192.0.0.192) are in these ranges."""
_PRIVATE_6 = tuple(map(ip_network, ("::1/128", "fc00::/7")))
_METADATA_6 = ip_network("fd00:ec2::/32")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""
_GLOBAL_6 = ip_network("2000::/3")
"""The only space that is given to networks. Outside: mapped, compatible, NAT64, link-local, multicast …"""
_SPECIAL_6 = tuple(
    map(
        ip_network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
"""Teredo, benchmarks and ORCHID; documentation; 6to4; AS112; documentation."""

_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.ASCII | re.IGNORECASE)
"""Every spelling that `inet_aton` reads as an IPv4 address: decimal, octal, hexadecimal, fewer parts."""
_INSIDE = (
    *("localhost", "local", "internal", "intranet", "private", "lan", "home", "corp"),
    *("home.arpa", "localdomain", "metadata.google.internal", "metadata.azure.com", "onion"),
)
"""Names that are never public: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and those of clouds' metadata."""


def reach_of(address: str) -> Reach:
    """Return what an IP address belongs to; anything that is not an IP address is special."""
    found = read_ip(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return _reach_4(found)
    return _reach_6(found) if found else Reach.special


def _reach_4(address: IPv4Address) -> Reach:
    if any(address in network for network in _SPECIAL_4):
        return Reach.special
    if any(address in network for network in _PRIVATE_4):
        return Reach.private
    # What a newer Python knows of the registry besides.
    return Reach.public if address.is_global else Reach.special


def _reach_6(address: IPv6Address) -> Reach:
    if any(address in network for network in _PRIVATE_6):
        return Reach.special if address in _METADATA_6 else Reach.private
    special = address not in _GLOBAL_6 or any(address in network for network in _SPECIAL_6)
    return Reach.special if special or not address.is_global else Reach.public


def is_inside_name(host: str) -> bool:
    """Return whether a host name or its spelling is one that no public web server has.

    `host` is in lower case, as `read_host` returns it. A public IP address in its usual spelling is allowed.
    """
    if read_ip(host):
        return reach_of(host) is not Reach.public
    labels = host.split(".")
    endings = {".".join(labels[at:]) for at in range(len(labels))}
    return len(labels) == 1 or bool(_NUMBER.fullmatch(host)) or not endings.isdisjoint(_INSIDE)
