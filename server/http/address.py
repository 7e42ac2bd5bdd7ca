"""Where a request comes from: the connection's other end, or whom our own proxies name."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

LONGEST_HOP = 64  # "[address%scope]:port" is shorter
# One subscriber holds at least a /64 of IPv6: counted by single address, anybody is a multitude.
SUBSCRIBER_BITS = 64


def client_address(peer: str, forwarded: Iterable[str], trusted: Networks) -> str:
    """The client's address for counting: an IPv4 address or an IPv6 /64; "" where there is none.

    peer: the connection's other end. forwarded: the X-Forwarded-For headers in their order; they
    are read from the right, and only as long as each hop is one of our proxies, for whatever stands
    further left can be written by anybody. X-Real-IP and Forwarded are not read.
    """
    address = _parse(peer)
    hops = ",".join(forwarded).split(",")
    while address is not None and _is_ours(address, trusted) and hops:
        hop = _parse(hops.pop())
        if hop is None:
            break  # empty or forged: the proxy that handed it on is the last one we know
        address = hop
    if address is None:
        return ""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), SUBSCRIBER_BITS), strict=False))
    return str(address)


def _is_ours(address: Address, trusted: Networks) -> bool:
    return any(address in network for network in trusted)


def _parse(hop: str) -> Address | None:
    """An address with or without port, brackets and scope; IPv4 also where mapped into IPv6."""
    hop = hop.strip()
    if len(hop) > LONGEST_HOP:
        return None
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
