"""Local networks: what a host sends to a multicast group reaches all hosts in the group on the same network."""

from __future__ import annotations

from typing import Protocol

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.site import Site

NEAR = 0.0005
"""Seconds between two hosts of one local network."""


class Member(Protocol):
    """A host in a multicast group of its network."""

    site: Site
    group: Address

    def receive(self, packet: bytes, source: Address) -> None:
        """Somebody sent that to the group."""


class Lans:
    """All local networks of one world."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._members: list[Member] = []

    def enter(self, member: Member) -> None:
        """A host takes part in a group."""
        self._members.append(member)

    def leave(self, member: Member) -> None:
        """It does not any more. Idempotent."""
        if member in self._members:
            self._members.remove(member)

    def send(self, sender: Member, packet: bytes) -> None:
        """To everybody in the sender's group on its network, itself as well."""
        group, lan = sender.group, sender.site.link.lan
        source = Address(sender.site.hosts[":" in group.host], group.port)
        for member in self._members:
            if (member.site.link.lan, member.group) == (lan, group):
                self._clock.at(self._clock.now + NEAR, self._arrives, member, packet, source)

    def _arrives(self, member: Member, packet: bytes, source: Address) -> None:
        if member in self._members:
            member.receive(packet, source)
