"""Bound sockets and source addresses."""

from __future__ import annotations

import socket

import pytest

from torrentd.model.address import Address
from torrentd.net.sockets import (
    datagram_socket,
    listening_socket,
    socket_name,
    source_address,
    source_towards,
    twisted_address,
)


def test_both_families_share_a_port_number() -> None:
    with listening_socket(Address("0.0.0.0", 0)) as v4:
        port = v4.getsockname()[1]
        with listening_socket(Address("::", port)) as v6:
            assert v6.getsockname()[1] == port
    with datagram_socket(Address("0.0.0.0", 0)) as v4:
        port = v4.getsockname()[1]
        with datagram_socket(Address("::", port)) as v6:
            assert v6.getsockname()[1] == port


@pytest.mark.parametrize("make", [listening_socket, datagram_socket])
def test_an_address_in_use(make: object) -> None:
    assert callable(make)
    with make(Address("127.0.0.1", 0)) as first, pytest.raises(OSError, match="in use"):
        make(Address("127.0.0.1", first.getsockname()[1]))


def test_sockets_do_not_block() -> None:
    with listening_socket(Address("127.0.0.1", 0)) as made, pytest.raises(BlockingIOError):
        made.accept()


@pytest.mark.parametrize(
    ("bind", "host", "expected"),
    [
        ("", "192.0.2.1", ""),
        ("127.0.0.1", "192.0.2.1", "127.0.0.1"),
        ("::1", "2001:db8::1", "::1"),
        ("lo", "192.0.2.1", "127.0.0.1"),
    ],
)
def test_where_a_connection_comes_from(bind: str, host: str, expected: str) -> None:
    assert source_address(bind, host) == expected


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_the_ipv6_address_of_an_interface() -> None:
    assert source_address("lo", "2001:db8::1") == "::1"


@pytest.mark.parametrize(("bind", "host"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1"), ("no-such-if", "127.0.0.1")])
def test_no_other_way_out_than_the_one_named(bind: str, host: str) -> None:
    with pytest.raises(OSError, match="bind_address"):
        source_address(bind, host)


def test_addresses_for_factories() -> None:
    assert twisted_address("TCP", ("127.0.0.1", 1)).host == "127.0.0.1"
    assert twisted_address("UDP", ("::1", 2, 0, 0)).port == 2


def test_the_address_towards_a_host() -> None:
    assert source_towards("127.0.0.1") == "127.0.0.1"
    assert source_towards("::1") == "::1"
    with pytest.raises(OSError):
        source_towards("255.255.255.255")


def test_an_address_of_one_link() -> None:
    assert socket_name("fe80::1%lo", 5) == ("fe80::1", 5, 0, socket.if_nametoindex("lo"))
    assert socket_name("fe80::1", 5) == ("fe80::1", 5)
    with pytest.raises(OSError):
        socket_name("fe80::1%no-such-if", 5)
