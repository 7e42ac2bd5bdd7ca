"""Where a request comes from, as far as it can be believed."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.address import client_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]

BELIEVED = {
    "no proxy, header ignored": ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    "no header": ("10.0.0.1", [], "10.0.0.1"),
    "one hop": ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    "forged on the left": ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
    "two proxies": ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
    "two headers": ("10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
    "all are ours": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "port": ("10.0.0.1", ["198.51.100.1:443"], "198.51.100.1"),
    "IPv6": ("10.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
    "IPv6 with port": ("fd00::1", ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::/64"),
    "IPv6 with scope": ("fe80::1%eth0", [], "fe80::/64"),
    "IPv4 in IPv6": ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    "nonsense beside us": ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
    "nonsense further left": ("10.0.0.1", ["nonsense, 198.51.100.1"], "198.51.100.1"),
    "empty hop": ("10.0.0.1", ["198.51.100.1,"], "10.0.0.1"),
    "other digits": ("10.0.0.1", ["１９８.51.100.1"], "10.0.0.1"),
    "no peer": ("", ["198.51.100.1"], ""),
}


@pytest.mark.parametrize("name", BELIEVED)
def test_the_last_hop_that_is_not_ours_counts(name: str) -> None:
    peer, forwarded, address = BELIEVED[name]
    assert client_address(peer, forwarded, PROXIES) == address


PIECES = st.sampled_from(["10.0.0.2", "198.51.100.1", "::1", "[", "]", "%", ":", ",", " ", "/64"])


@given(st.lists(st.lists(PIECES | st.text(max_size=4)).map("".join), max_size=3))
def test_any_header_gives_an_address(forwarded: list[str]) -> None:
    address = client_address("10.0.0.1", forwarded, PROXIES)
    assert ip_address(address.removesuffix("/64"))


@given(st.lists(st.text()))
def test_a_stranger_can_not_choose_an_address(forwarded: list[str]) -> None:
    assert client_address("203.0.113.9", forwarded, PROXIES) == "203.0.113.9"
