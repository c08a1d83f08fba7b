from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address, Scope, parse_address, scope


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("1.2.3.4", Scope.GLOBAL),
        ("2606:4700::1111", Scope.GLOBAL),
        ("10.0.0.1", Scope.PRIVATE),
        ("172.31.0.1", Scope.PRIVATE),
        ("192.168.1.1", Scope.PRIVATE),
        ("100.64.0.1", Scope.PRIVATE),
        ("fd00::1", Scope.PRIVATE),
        ("fec0::1", Scope.PRIVATE),
        ("169.254.1.1", Scope.LINK_LOCAL),
        ("fe80::1", Scope.LINK_LOCAL),
        ("127.0.0.1", Scope.LOOPBACK),
        ("127.255.0.1", Scope.LOOPBACK),
        ("::1", Scope.LOOPBACK),
        ("::ffff:127.0.0.1", Scope.LOOPBACK),
        ("::ffff:10.0.0.1", Scope.PRIVATE),
        ("::ffff:1.2.3.4", Scope.GLOBAL),
        ("0.0.0.0", Scope.INVALID),
        ("0.1.2.3", Scope.INVALID),
        ("::", Scope.INVALID),
        ("::ffff:0.0.0.0", Scope.INVALID),
        ("224.0.0.1", Scope.INVALID),
        ("240.0.0.1", Scope.INVALID),
        ("255.255.255.255", Scope.INVALID),
        ("ff02::1", Scope.INVALID),
        ("localhost", Scope.INVALID),
        ("1.2.3", Scope.INVALID),
        ("01.2.3.4", Scope.INVALID),
        ("", Scope.INVALID),
    ],
)
def test_scope(host, expected):
    assert scope(host) is expected


def test_scopes_are_ordered_narrow_to_wide():
    assert Scope.INVALID < Scope.LOOPBACK < Scope.LINK_LOCAL < Scope.PRIVATE < Scope.GLOBAL


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1.2.3.4:6881", Address("1.2.3.4", 6881)),
        ("[::1]:0", Address("::1", 0)),
        ("[2001:DB8:0:0::1]:65535", Address("2001:db8::1", 65535)),
    ],
)
def test_an_address_is_read_and_made_canonical(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3.4",
        ":80",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:-1",
        "1.2.3.4:+1",
        "1.2.3.4: 1",
        "1.2.3.4:65536",
        "1.2.3.4:000080",
        "1.2.3.4:\u0661",
        "::1:80",
        "[::1]",
        "[]:80",
        "host:80",
        "1.2.3:80",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match=r"address|port|HOST|IPv"):
        parse_address(text)


@given(st.ip_addresses(), st.integers(0, 65535))
def test_text_there_and_back(ip, port):
    address = Address(str(ip), port)
    assert parse_address(str(address)) == address
