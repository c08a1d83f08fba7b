from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.policy.peers.encryption import BURST, EXCHANGES_PER_SECOND, MOST_PLAIN, Encryption, Mode
from torrentd.wire.peer.mse import PLAIN, RC4

SOMEBODY = Address("192.0.2.1", 6881)


@pytest.mark.parametrize(
    ("mode", "plain", "encrypted", "methods"),
    [("off", True, False, PLAIN | RC4), ("prefer", True, True, PLAIN | RC4), ("require", False, True, RC4)],
)
def test_what_the_modes_take(mode: Mode, plain: bool, encrypted: bool, methods: int) -> None:
    rule = Encryption(mode)
    assert (rule.takes_plain, rule.takes_encrypted, rule.methods) == (plain, encrypted, methods)


@pytest.mark.parametrize(("mode", "chosen"), [("require", [0, 0, RC4, RC4, 0]), ("prefer", [0, PLAIN, RC4, PLAIN, 0])])
def test_what_they_choose(mode: Mode, chosen: list[int]) -> None:
    assert [Encryption(mode).choose(offered) for offered in (0, PLAIN, RC4, PLAIN | RC4, 8)] == chosen


def test_who_declined_is_dialled_in_plain_from_then_on() -> None:
    rule = Encryption("prefer")
    assert rule.encrypts(SOMEBODY)
    assert rule.declined(SOMEBODY)
    assert not rule.encrypts(SOMEBODY)
    assert rule.encrypts(SOMEBODY._replace(port=1))


def test_who_declined_and_does_not_take_plain_either_is_asked_again() -> None:
    rule = Encryption("prefer")
    rule.failed(SOMEBODY)
    rule.declined(SOMEBODY)
    rule.failed(SOMEBODY)
    assert rule.encrypts(SOMEBODY)


def test_where_it_is_required_nobody_is_dialled_in_plain() -> None:
    rule = Encryption("require")
    assert not rule.declined(SOMEBODY)
    assert rule.encrypts(SOMEBODY)


def test_off_is_off() -> None:
    assert not Encryption("off").encrypts(SOMEBODY)


def test_the_memory_of_who_declined_is_bounded() -> None:
    rule = Encryption("prefer")
    rule.declined(SOMEBODY)
    for port in range(MOST_PLAIN):
        rule.declined(Address("198.51.100.1", port))
    assert rule.encrypts(SOMEBODY)
    assert not rule.encrypts(Address("198.51.100.1", 0))


def test_too_many_exchanges_are_refused_for_a_while() -> None:
    rule = Encryption("prefer")
    assert sum(rule.may_exchange(0.0) for _ in range(1000)) == BURST
    assert rule.may_exchange(1.01 / EXCHANGES_PER_SECOND)
    assert not rule.may_exchange(1.01 / EXCHANGES_PER_SECOND)
