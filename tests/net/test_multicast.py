"""Real sockets in the groups of BEP 14, on loopback addresses; the reactor's part is played by the test."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.net.fakes import Reactor
from torrentd.model.address import Address
from torrentd.net import multicast
from torrentd.net.multicast import Group, join
from torrentd.wire.lsd import V4_GROUP, V6_GROUP

ONE, TWO = Address("127.0.0.31", 6881), Address("127.0.0.32", 6881)


class Member:
    def __init__(self, *listen: Address, group: Address = V4_GROUP) -> None:
        self.heard: list[tuple[bytes, str]] = []
        self.group = Group(Reactor(), group, listen, lambda data, source: self.heard.append((data, source.host)))

    def listen(self, until: Callable[[], object]) -> None:
        """Read what comes; time-out of the test if it does not."""
        while not until():
            select.select([self.group._port], [], [], 1)
            self.group._port.doRead()


@pytest.fixture
def members() -> Iterator[list[Member]]:
    made: list[Member] = []
    yield made
    for member in made:
        member.group.leave()


def test_all_members_hear_what_is_sent_and_from_where(members: list[Member]) -> None:
    one, two = Member(ONE), Member(TWO)
    members += [one, two]
    one.group.send(b"hello")
    two.listen(lambda: (b"hello", ONE.host) in two.heard)
    one.listen(lambda: (b"hello", ONE.host) in one.heard)
    two.group.send(b"welcome")
    one.listen(lambda: (b"welcome", TWO.host) in one.heard)


def test_somebody_else_on_this_host_may_have_the_port_too(members: list[Member]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", V4_GROUP.port))
        members.append(Member(ONE))


def test_an_address_that_is_not_ours_takes_no_part() -> None:
    with pytest.raises(OSError, match="no interface"):
        Group(Reactor(), V4_GROUP, [Address("203.0.113.1", 1)], lambda data, source: None)
    with pytest.raises(OSError, match="no interface"):
        Group(Reactor(), V6_GROUP, [Address("2001:db8::1", 1)], lambda data, source: None)


def test_groups_without_an_address_of_their_family_are_left_out(members: list[Member]) -> None:
    groups = join(Reactor(), (V4_GROUP, V6_GROUP), [ONE], lambda data, source: None)
    assert [group.group for group in groups] == [V4_GROUP]
    groups[0].leave()


def test_listening_everywhere_means_all_interfaces_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multicast, "UP_AND_MULTICAST", 0x1)  # of loopback alone: it has no multicast flag
    groups = join(Reactor(), (V4_GROUP,), [Address("0.0.0.0", 1)], lambda data, source: None)
    assert len(groups) == 1 and groups[0]._ways
    groups[0].leave()
