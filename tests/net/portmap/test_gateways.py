"""Which routers there are, from tables as the kernel writes them."""

from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.net.portmap.gateways import Gateway, Route, default_v4, default_v6, find

V4 = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0100000A\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth0\t00000000\t0201A8C0\t0003\t0\t0\t10\t00000080\t0\t0\t0
"""
ZERO = "0" * 32
V6 = f"""\
20010db8000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000002 00000401 00000003 00000000 00000003    wlan0
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo
"""

HOME = {"192.168.1.1": "192.168.1.5", "2001:db8::1": "2a00::5", "10.0.0.1": "10.0.0.7"}


@pytest.fixture
def look(tmp_path):
    """`find` in a machine with these tables, and these addresses of ours."""

    def look(named="", bind="", v4=V4, v6=V6, sources=HOME):
        def source(host):
            if host not in sources:
                raise OSError("unreachable")
            return sources[host]

        (tmp_path / "v4").write_text(v4)
        (tmp_path / "v6").write_text(v6)
        return find(named, bind, v4=tmp_path / "v4", v6=tmp_path / "v6", source=source)

    return look


ROUTER = Gateway(Address("192.168.1.1", 5351), "192.168.1.5")
ROUTER6 = Gateway(Address("fe80::1%eth0", 5351), "2a00::5")


def test_the_default_route_with_the_smallest_metric():
    assert default_v4(V4) == Route("192.168.1.1", "eth0")
    assert default_v6(V6) == Route("fe80::1", "eth0")


@pytest.mark.parametrize("table", ["", "\n\n", "Iface Destination\neth0 00000000 0101A8C0\n"])
def test_no_default_route(table):
    assert default_v4(table) is None
    assert default_v6(table) is None


def test_one_of_each_family(look):
    assert look() == [ROUTER, ROUTER6]
    assert [one.v6 for one in look()] == [False, True]


def test_no_tables_no_routers(tmp_path):
    assert find(v4=tmp_path / "none", v6=tmp_path / "none") == []


def test_a_public_address_needs_no_router(look):
    assert look(sources={"192.168.1.1": "8.8.4.4"}) == []


def test_behind_the_nat_of_a_provider(look):
    assert look(sources={"192.168.1.1": "100.64.1.2"}) == [Gateway(ROUTER.address, "100.64.1.2")]


def test_ipv6_without_a_public_address(look):
    assert look(sources={"2001:db8::1": "fd00::5"}) == []


def test_an_ipv6_router_with_an_address_for_all(look):
    table = V6.replace("fe80000000000000", "2a00000000000000")
    assert look(v6=table, sources={"2a00::1": "2a00::5"}) == [Gateway(Address("2a00::1", 5351), "2a00::5")]


def test_a_router_that_cannot_be_reached(look):
    assert look(sources={}) == []


@pytest.mark.parametrize(
    ("bind", "found"),
    [
        ("192.168.1.5", [ROUTER]),
        ("2a00::5", [ROUTER6]),
        ("eth0", [ROUTER, ROUTER6]),
        ("tun0", []),
        ("10.8.0.2", []),
    ],
)
def test_only_where_connections_go_out(look, bind, found):
    """Who binds to a VPN tells the router at home nothing."""
    assert look(bind=bind) == found


@pytest.mark.parametrize(
    ("named", "bind", "found"),
    [
        ("10.0.0.1:5351", "", [Gateway(Address("10.0.0.1", 5351), "10.0.0.7")]),
        ("10.0.0.1:5351", "10.0.0.7", [Gateway(Address("10.0.0.1", 5351), "10.0.0.7")]),
        ("10.0.0.1:5351", "wlan0", [Gateway(Address("10.0.0.1", 5351), "10.0.0.7")]),
        ("10.0.0.1:5351", "192.168.1.5", []),
        ("10.9.9.9:5351", "", []),
        ("[fe80::1%eth0]:5351", "", [ROUTER6]),
    ],
)
def test_the_one_that_the_user_named(look, named, bind, found):
    assert look(named=named, bind=bind) == found


def test_on_this_machine():
    """Whatever there is, it is at most one of each family, and nothing is sent."""
    found = find("127.0.0.1:9")
    assert found == [Gateway(Address("127.0.0.1", 9), "127.0.0.1")]
    assert len(find()) <= 2
