from __future__ import annotations

import pytest

from torrentd.policy.peers.external import VOTERS, ExternalAddresses


def _votes(external: ExternalAddresses, address: str, *voters: str) -> None:
    for voter in voters:
        external.vote(address, voter)


def test_the_address_with_most_voters_counts() -> None:
    external = ExternalAddresses()
    assert external.addresses() == []
    _votes(external, "192.0.2.1", "a")
    _votes(external, "192.0.2.2", "b", "c")
    assert (external.address(v6=False), external.address(v6=True), external.changes) == ("192.0.2.2", "", 2)


def test_one_voter_has_one_vote() -> None:
    external = ExternalAddresses()
    _votes(external, "198.51.100.1", "a", "b")
    for _ in range(10):
        external.vote("198.51.100.2", "liar")
    assert external.addresses() == ["198.51.100.1"]


def test_a_tie_changes_nothing() -> None:
    external = ExternalAddresses()
    _votes(external, "198.51.100.1", "a")
    _votes(external, "198.51.100.2", "b")
    assert (external.addresses(), external.changes) == (["198.51.100.1"], 1)


def test_both_families_have_their_own() -> None:
    external = ExternalAddresses()
    _votes(external, "2001:db8::1", "a")
    _votes(external, "::ffff:192.0.2.7", "b")
    assert external.addresses() == ["192.0.2.7", "2001:db8::1"]


def test_a_new_address_wins_when_the_old_voters_are_gone() -> None:
    external = ExternalAddresses()
    _votes(external, "198.51.100.1", *(f"old {number}" for number in range(1000)))
    _votes(external, "198.51.100.2", *(f"new {number}" for number in range(VOTERS // 2 + 1)))
    assert external.addresses() == ["198.51.100.2"]


@pytest.mark.parametrize("nonsense", ["", "here", "0.0.0.0", "224.0.0.1", "::", "1.2.3", "1.2.3.4:5", "ff02::1"])
def test_what_is_no_address_is_ignored(nonsense: str) -> None:
    external = ExternalAddresses()
    external.vote(nonsense, "8.8.8.8")
    assert external.addresses() == []


def test_nobody_far_away_sees_us_at_a_private_address() -> None:
    external = ExternalAddresses()
    external.vote("10.0.0.1", "8.8.8.8")
    external.vote("127.0.0.1", "10.0.0.2")
    assert external.addresses() == []
    external.vote("10.0.0.1", "10.0.0.2")
    assert external.addresses() == ["10.0.0.1"]
