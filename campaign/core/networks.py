"""Keys for the network that a request comes from.

One household or one server gets a whole IPv6 /64, so a single IPv6 address identifies nobody: RFC 6177, section 2.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
"""The key of an address that cannot be read: all such requests share their limits."""


def network_key(address: str) -> str:
    """Return the IPv4 address, or the /64 of an IPv6 address. An IPv4 address inside IPv6 is that IPv4 address."""
    return _key(address, v4=32, v6=64)


def network_prefix(address: str) -> str:
    """Return the wider network, IPv4 /24 or IPv6 /48, which is never a reason by itself to refuse anyone."""
    return _key(address, v4=24, v6=48)


def _key(address: str, *, v4: int, v6: int) -> str:
    found = _read(address)
    if found is None:
        return UNKNOWN
    network = ip_network((found, v4 if found.version == 4 else v6), strict=False)
    return str(found) if network.num_addresses == 1 else str(network)


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
