"""A ban covers whoever owns a host, under all its names; on loopback only the one peer. The user bans networks, too."""

from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.policy.peers.bans import MOST_BANS, Bans, read
from torrentd.policy.peers.hosts import owner, plain_host


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("no:literal", "no:literal"),
        ("name", "name"),
    ],
)
def test_a_host_has_one_name(host: str, plain: str) -> None:
    assert plain_host(host) == plain


def test_a_ban_covers_every_port_and_name_of_the_host() -> None:
    bans = Bans()
    assert bans.reason(Address("1.2.3.4", 5)) is None
    bans.ban(Address("1.2.3.4", 5), "bad piece")
    assert bans.reason(Address("1.2.3.4", 6)) == "bad piece"
    assert bans.reason(Address("::ffff:1.2.3.4", 7), b"x" * 20) == "bad piece"
    assert bans.reason(Address("1.2.3.5", 5)) is None
    assert len(bans) == 1
    assert "1.2.3.4" in bans


@pytest.mark.parametrize(
    ("host", "whose"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2a00:1:2:3:4::5", "2a00:1:2:3::/64"),
        ("2A00:1:2:3::5", "2a00:1:2:3::/64"),
        ("fd00:1:2:3::5", "fd00:1:2:3::5"),
        ("fe80::1", "fe80::1"),
        ("::1", "::1"),
        ("no:literal", "no:literal"),
        ("name", "name"),
    ],
)
def test_whose_a_host_is(host: str, whose: str) -> None:
    assert owner(host) == whose


def test_all_of_an_owners_network_is_banned() -> None:
    bans = Bans()
    assert bans.ban(Address("2a00:1:2:3:4::5", 6), "bad piece") == "2a00:1:2:3::/64"
    assert bans.reason(Address("2a00:1:2:3:ffff::1", 7)) == "bad piece"
    assert bans.reason(Address("2a00:1:2:4::1", 6)) is None
    bans.lift("2a00:1:2:3::/64")
    assert bans.reason(Address("2a00:1:2:3:4::5", 6)) is None


def test_networks_by_hand() -> None:
    bans = Bans()
    for network in ("10.0.0.0/8", "192.0.2.128/25", "2a00::/16", "2a01:1::1/128", "1.2.3.4"):
        bans.put(network, network)
    expected = {
        "10.255.0.1": "10.0.0.0/8",
        "::ffff:10.0.0.1": "10.0.0.0/8",
        "11.0.0.1": None,
        "192.0.2.128": "192.0.2.128/25",
        "192.0.2.127": None,
        "2a00:ffff::1": "2a00::/16",
        "2a01:1::1": "2a01:1::1/128",
        "2a01:1::2": None,
        "1.2.3.4": "1.2.3.4",
    }
    assert {host: bans.reason(Address(host, 1)) for host in expected} == expected
    for network in ("10.0.0.0/8", "2a00::/16", "9.0.0.0/8"):
        bans.lift(network)
    assert bans.reason(Address("10.0.0.1", 1)) is bans.reason(Address("2a00::1", 1)) is None
    assert bans.reason(Address("192.0.2.200", 1)) == "192.0.2.128/25"


def test_one_by_hand_stays_as_it_is() -> None:
    bans = Bans()
    bans.put("1.2.3.4", "by the user")
    assert bans.ban(Address("1.2.3.4", 5), "bad piece") == "1.2.3.4"
    assert bans.reason(Address("1.2.3.4", 5)) == "by the user"
    for number in range(MOST_BANS + 1):
        bans.ban(Address(f"2.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1), "flood")
    assert bans.reason(Address("1.2.3.4", 5)) == "by the user"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.1:6881", "192.0.2.1"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("2A00:1:2:3:4::5", "2a00:1:2:3::/64"),
        ("[2a00:1:2:3:4::5]:6881", "2a00:1:2:3::/64"),
        ("2a00:1:2:3::5/128", "2a00:1:2:3::5/128"),
        ("2a00:1:2:3::/48", "2a00:1:2::/48"),
        ("fd00::5", "fd00::5"),
        ("fd00::5/128", "fd00::5"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:5", "127.0.0.1:5"),
        ("[::1]:5", "[::1]:5"),
    ],
)
def test_how_one_is_spelled(text: str, spelled: str) -> None:
    assert read(text) == spelled
    assert read(spelled) == spelled
    bans = Bans()
    bans.put(spelled, "so")
    host, _, port = spelled.rpartition(":") if spelled[-2:] == ":5" and spelled != "fd00::5" else (spelled, "", "1")
    assert bans.reason(Address(host.partition("/")[0].strip("[]"), int(port))) == "so"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1.2.3",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "::/129",
        "fe80::1%eth0",
        "1.2.3.4:x",
        "host:80",
        "1.2.3.4/24/8",
        "/",
    ],
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"'|zone"):
        read(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_on_loopback_only_the_address_and_the_peer_id_are_banned(host: str) -> None:
    bans = Bans()
    bans.ban(Address(host, 5), "bad piece", peer_id=b"liar")
    assert bans.reason(Address(host, 6)) is None
    assert bans.reason(Address(host, 6), b"good") is None
    assert bans.reason(Address(host, 5)) == "bad piece"
    assert bans.reason(Address(host, 6), b"liar") == "bad piece"
    bans.lift(str(Address(host, 5)))
    assert bans.reason(Address(host, 5)) is bans.reason(Address(host, 6), b"liar") is None


def test_the_oldest_ban_is_forgotten_first() -> None:
    bans = Bans()
    bans.ban(Address("1.1.1.1", 1), "first")
    bans.ban(Address("1.1.1.2", 1), "second")
    bans.ban(Address("1.1.1.1", 1), "again")
    for number in range(MOST_BANS - 1):
        bans.ban(Address(f"2.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1), "flood")
    assert len(bans) == MOST_BANS
    assert bans.reason(Address("1.1.1.2", 1)) is None
    assert bans.reason(Address("1.1.1.1", 1)) == "again"
