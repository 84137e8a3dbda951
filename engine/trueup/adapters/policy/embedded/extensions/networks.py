"""`net.cidr_*`: networks in CIDR notation, read as strictly as Go reads them.

An IPv4 network mapped into IPv6 (`::ffff:10.0.0.0/104`) is the IPv4 network.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_ADDRESSES = 1 << 16
"""Addresses that one network may be expanded to; a policy that asks for more is a bomb."""
_MAPPED_BITS = 96
"""Leading bits of an IPv6 address that say it is an IPv4 one."""


def _address(text: object) -> Address | None:
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(text: object) -> Network:
    if not isinstance(text, str):
        raise ValueError("a network must be a text")  # noqa: TRY004 one kind of error for all that OPA refuses
    address, _, length = text.partition("/")
    try:
        # What neither has of Go: names of interfaces, and masks for lengths.
        parsed = ipaddress.ip_address("" if "%" in address else address)
        bits = int(length) if length.isascii() and length.isdecimal() else -1
        network = ipaddress.ip_network((parsed, bits), strict=False)
    except ValueError:
        raise ValueError(f"invalid CIDR address: {text}") from None
    first = network.network_address
    if isinstance(first, ipaddress.IPv6Address) and first.ipv4_mapped and network.prefixlen >= _MAPPED_BITS:
        return ipaddress.ip_network(f"{first.ipv4_mapped}/{network.prefixlen - _MAPPED_BITS}")
    return network


def cidr_contains(cidr: object, other: object) -> bool:
    """Tell whether a network holds an address or all of another network."""
    outer, address = _network(cidr), _address(other)
    if address is not None:
        return address in outer
    inner = _network(other)
    return inner.version == outer.version and inner[0] in outer and inner[-1] in outer


def cidr_intersects(one: object, other: object) -> bool:
    """Tell whether two networks share an address."""
    left, right = _network(one), _network(other)
    return left.version == right.version and (left[0] in right or right[0] in left)


def cidr_merge(networks: object) -> set[str]:
    """Return the fewest networks that hold the same addresses.

    An address without a length is refused: OPA guesses one from classes of addresses that nobody uses any more. IPv4
    and IPv6 together are refused, too: OPA 1.20 loses networks of a mixture.
    """
    if not isinstance(networks, list | set):
        raise ValueError("networks must be an array or a set")  # noqa: TRY004
    parsed = [_network(item) for item in networks]
    if len({network.version for network in parsed}) > 1:
        raise ValueError("networks are of IPv4 or of IPv6, not of both")
    narrow = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv4Network))
    wide = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv6Network))
    return {*map(str, narrow), *map(str, wide)}


def cidr_expand(cidr: object) -> set[str]:
    """Return every address of a network."""
    network = _network(cidr)
    if network.num_addresses > MAX_ADDRESSES:
        raise ValueError(f"{network} has {network.num_addresses:,} addresses; {MAX_ADDRESSES:,} are allowed")
    return {str(address) for address in network}


def cidr_is_valid(cidr: object) -> bool:
    """Tell whether a text is a network."""
    try:
        _network(cidr)
    except ValueError:
        return False
    return True


def cidr_contains_matches(cidrs: object, others: object) -> set[tuple[Any, Any]]:
    """Return the pairs of keys whose network holds the other network or address."""
    right = list(_keyed(others))
    return {(k, o) for k, cidr in _keyed(cidrs) for o, other in right if cidr_contains(cidr, other)}


def _keyed(value: object) -> Iterator[tuple[Any, str]]:
    """Yield key and network of a text, array, set or object; a network may be an array that begins with it."""
    match value:
        case str():
            items: list[tuple[Any, Any]] = [(value, value)]
        case list():
            items = list(enumerate(value))
        case set() | frozenset():
            items = [(item, item) for item in value]
        case Mapping():
            items = list(value.items())
        case _:
            raise ValueError("networks must be a text, an array, a set or an object")
    for key, item in items:
        first = item[0] if isinstance(item, list | tuple) and item else item
        if not isinstance(first, str):
            raise ValueError("a network must be a text, or an array that begins with one")  # noqa: TRY004
        yield key, first


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "net.cidr_contains": cidr_contains,
    "net.cidr_contains_matches": cidr_contains_matches,
    "net.cidr_expand": cidr_expand,
    "net.cidr_intersects": cidr_intersects,
    "net.cidr_is_valid": cidr_is_valid,
    "net.cidr_merge": cidr_merge,
}
