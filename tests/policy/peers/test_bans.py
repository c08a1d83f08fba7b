"""A ban covers a host under all its names; on loopback only the one peer."""

from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.policy.peers.bans import MOST_BANS, Bans, plain_host


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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_on_loopback_only_the_address_and_the_peer_id_are_banned(host: str) -> None:
    bans = Bans()
    bans.ban(Address(host, 5), "bad piece", peer_id=b"liar")
    assert bans.reason(Address(host, 6)) is None
    assert bans.reason(Address(host, 6), b"good") is None
    assert bans.reason(Address(host, 5)) == "bad piece"
    assert bans.reason(Address(host, 6), b"liar") == "bad piece"


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
