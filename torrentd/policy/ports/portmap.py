"""Getting our ports mapped at one router, and keeping them so.

The methods are tried in order until one of them maps a port. What is mapped is renewed at half its lease, by the same
method. A router that fails to renew is asked again while the lease lasts; when it is over, all methods are tried from
the first. Where none works, all of them are tried again now and then: the user may have switched it on, or moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from math import inf
from random import Random
from typing import Final

from torrentd.model.address import Scope, scope
from torrentd.policy.ports.mapping import (
    NEVER,
    Changed,
    Command,
    Gone,
    MapByUpnp,
    Mapping,
    Method,
    SeenAt,
    Send,
    UnmapByUpnp,
)
from torrentd.wire.portmap import natpmp, pcp
from torrentd.wire.portmap.messages import Granted, Protocol, Refused
from torrentd.wire.portmap.messages import SeenAt as AddressAnswer

LEASE: Final = 3600
"""Seconds asked for: if we crash, the router forgets us soon; one renewal in half an hour is nothing."""

LEAST: Final = 60.0
"""Seconds between two rounds of requests at least, however short a lease the router gives."""

RETRY: Final = 900.0
"""Seconds until all methods are tried again if none worked."""

FIRST_WAIT: Final[dict[Method, float]] = {"pcp": 3.0, "nat-pmp": 0.25}
"""Seconds for the first answer, doubled each time (RFC 6887, RFC 6886)."""

ATTEMPTS: Final[dict[Method, int]] = {"pcp": 2, "nat-pmp": 5}
"""Datagrams until a router is believed not to speak it: 8 to 9 seconds in all. The RFCs go on for a minute or for
ever, but there is another method to try."""

GOODBYES: Final = 3
"""Datagrams that remove a mapping at the end; with GOODBYE_WAIT this bounds how long a stop waits."""
GOODBYE_WAIT: Final = 0.25


class _Phase(Enum):
    IDLE = auto()
    """not begun, or nothing works: wait for the next try"""
    ASKING = auto()
    """datagrams are under way"""
    CALLING = auto()
    """UPnP is under way"""
    HELD = auto()
    LEAVING = auto()
    GONE = auto()


class PortMap:
    """`client`: our address in the router's network. `ports`: what to map there, as (protocol, port). Every call
    returns what is to be done; at `deadline`, `tick` is to be called."""

    def __init__(
        self, client: str, ports: Sequence[tuple[Protocol, int]], methods: Sequence[Method], secret_rng: Random
    ) -> None:
        self.mappings = [Mapping(protocol, port, secret_rng.randbytes(pcp.NONCE)) for protocol, port in ports]
        self.method: Method | None = None
        """the one that is tried, or that worked"""
        self.problem = ""
        """why nothing, or not all of it, is mapped"""
        self.address = ""
        """the router's other address, as it says"""
        self.deadline = inf
        self._client = client
        self._methods = list(methods)
        self._phase = _Phase.IDLE
        self._attempts = 0
        self._reasons: list[str] = []
        self._stopping = False

    # --- what happens

    def start(self, now: float) -> list[Command]:
        """Begin with the first method."""
        self._reasons = []
        return self._begin(0, now) if self._methods and self.mappings else []

    def tick(self, now: float) -> list[Command]:
        """The deadline has come."""
        if now < self.deadline:
            return []
        if self._phase is _Phase.ASKING:
            if self._attempts < ATTEMPTS[self._asking_method]:
                return self._ask(now)
            return self._failed("no answer", now)
        if self._phase is _Phase.HELD and self._in_force(now):
            self._reasons = []
            return self._begin(self._index, now)
        if self._phase is _Phase.LEAVING:
            return self._say_goodbye(now)
        self._forget()
        return self.start(now)

    def received(self, datagram: bytes, now: float) -> list[Command]:
        """From the router. What answers none of our questions is ignored."""
        if self._phase not in (_Phase.ASKING, _Phase.LEAVING, _Phase.HELD) or self.method == "upnp":
            return []
        try:
            answer = (pcp if self.method == "pcp" else natpmp).parse(datagram)
        except ValueError:
            return []
        if isinstance(answer, AddressAnswer):
            return self._seen_at(answer.address)
        if isinstance(answer, Refused):
            return self._refused(answer, now) if self._phase is _Phase.ASKING else []
        return self._granted(answer, now)

    def upnp_mapped(self, external: Sequence[tuple[Protocol, int, int]], address: str, now: float) -> list[Command]:
        """(protocol, port, external port) of each that is mapped now; at least one."""
        if self._phase is not _Phase.CALLING:
            return []
        for mapping in self.mappings:
            for protocol, port, external_port in external:
                if (protocol, port) == (mapping.protocol, mapping.port):
                    mapping.external_port, mapping.expires_at = external_port, now + LEASE
        seen = self._seen_at(address)
        return [*seen, *(self._leave(now) if self._stopping else self._hold(now))]

    def upnp_failed(self, reason: str, now: float) -> list[Command]:
        """Nothing was mapped."""
        if self._phase is not _Phase.CALLING:
            return []
        return self._leave(now) if self._stopping else self._failed(reason, now)

    def upnp_unmapped(self) -> list[Command]:
        """As far as possible."""
        return self._end() if self._phase is _Phase.LEAVING else []

    def stop(self, now: float) -> list[Command]:
        """Take everything back; ends with `Gone`."""
        self._stopping = True
        if self._phase is _Phase.CALLING:
            return []  # what it maps is to be taken back
        return self._leave(now)

    # --- a round of requests

    @property
    def _index(self) -> int:
        return self._methods.index(self.method) if self.method else 0

    @property
    def _asking_method(self) -> Method:
        assert self.method is not None
        return self.method

    def _begin(self, index: int, now: float) -> list[Command]:
        self.method = self._methods[index]
        self._attempts = 0
        for mapping in self.mappings:
            mapping.answered = False
        if self.method == "upnp":
            self._phase, self.deadline = _Phase.CALLING, inf
            return [MapByUpnp(tuple((one.protocol, one.port, one.external_port or one.port) for one in self.mappings))]
        self._phase = _Phase.ASKING
        return self._ask(now)

    def _ask(self, now: float) -> list[Command]:
        self.deadline = now + FIRST_WAIT[self._asking_method] * 2**self._attempts
        self._attempts += 1
        address = [Send(natpmp.ASK_ADDRESS)] if self.method == "nat-pmp" else []
        return [*address, *(self._request(one, LEASE) for one in self.mappings if not one.answered)]

    def _request(self, mapping: Mapping, lifetime: int) -> Send:
        wish = mapping.external_port or mapping.port
        if self.method == "nat-pmp":
            return Send(natpmp.ask_port(mapping.protocol, mapping.port, wish, lifetime))
        return Send(pcp.ask_port(self._client, mapping.nonce, mapping.protocol, mapping.port, wish, lifetime))

    # --- answers

    def _seen_at(self, address: str) -> list[Command]:
        if address == self.address or scope(address) is Scope.INVALID:
            return []
        self.address = address
        return [SeenAt(address)]

    def _granted(self, answer: Granted, now: float) -> list[Command]:
        mapping = self._find(answer)
        if mapping is None or mapping.answered:
            return []
        if self._phase is _Phase.LEAVING:
            mapping.answered = answer.lifetime == 0
            return self._end() if self._all_answered() else []
        if self._phase is not _Phase.ASKING or not answer.lifetime or not answer.external_port:
            return []
        mapping.answered = True
        mapping.external_port = answer.external_port
        mapping.expires_at = now + max(LEAST, min(answer.lifetime, LEASE))
        seen = self._seen_at(answer.external_address)
        return [*seen, *(self._hold(now) if self._all_answered() else [])]

    def _refused(self, answer: Refused, now: float) -> list[Command]:
        """If it is about one port only, the other may still be granted."""
        if answer.wrong_version:  # in NAT-PMP it is about a request of PCP that we sent before
            return self._failed(answer.reason, now) if self.method == "pcp" else []
        for mapping in self.mappings:
            if answer.protocol in (None, mapping.protocol) and not mapping.answered:
                mapping.answered = True
                mapping.external_port, mapping.expires_at = 0, NEVER
        self._note(answer.reason)
        if not self._all_answered():
            return []
        return self._hold(now) if self._in_force(now) else self._next(now)

    def _find(self, answer: Granted) -> Mapping | None:
        for mapping in self.mappings:
            if (mapping.protocol, mapping.port) == (answer.protocol, answer.port):
                return mapping if self.method != "pcp" or answer.nonce == mapping.nonce else None
        return None

    def _all_answered(self) -> bool:
        return all(mapping.answered for mapping in self.mappings)

    # --- what comes of it

    def _in_force(self, now: float) -> bool:
        return any(mapping.expires_at > now for mapping in self.mappings)

    def _hold(self, now: float) -> list[Command]:
        """Something is mapped: renew it at half of what is left of the lease."""
        for mapping in self.mappings:
            if mapping.expires_at <= now:
                mapping.external_port = 0
        self._phase = _Phase.HELD
        self.problem = "; ".join(self._reasons) if any(not one.external_port for one in self.mappings) else ""
        ends = min(one.expires_at for one in self.mappings if one.expires_at > now)
        self.deadline = now + max(LEAST, (ends - now) / 2)
        return [Changed()]

    def _failed(self, reason: str, now: float) -> list[Command]:
        self._note(reason)
        return self._hold(now) if self._in_force(now) else self._next(now)

    def _next(self, now: float) -> list[Command]:
        """The next method, or a long wait."""
        self._forget()
        if self._index + 1 < len(self._methods):
            return self._begin(self._index + 1, now)
        self._phase, self.method, self.deadline = _Phase.IDLE, None, now + RETRY
        self.problem = "; ".join(self._reasons)
        return [Changed()]

    def _note(self, reason: str) -> None:
        text = f"{self.method}: {reason}"
        if text not in self._reasons:
            self._reasons.append(text)

    def _forget(self) -> None:
        for mapping in self.mappings:
            mapping.external_port, mapping.expires_at = 0, NEVER

    # --- the end

    def _leave(self, now: float) -> list[Command]:
        if self._phase in (_Phase.GONE, _Phase.LEAVING):
            return []
        asked = self._phase is _Phase.ASKING  # the router may have granted what we did not hear of
        held = [one for one in self.mappings if asked or one.expires_at > now]
        self._phase, self._attempts, self.deadline = _Phase.LEAVING, 0, inf
        if not held:
            return self._end()
        if self.method == "upnp":
            return [UnmapByUpnp(tuple((one.protocol, one.external_port) for one in held))]
        for mapping in self.mappings:
            mapping.answered = mapping not in held
        return self._say_goodbye(now)

    def _say_goodbye(self, now: float) -> list[Command]:
        if self._attempts == GOODBYES:
            return self._end()
        self._attempts += 1
        self.deadline = now + GOODBYE_WAIT
        return [self._request(one, 0) for one in self.mappings if not one.answered]

    def _end(self) -> list[Command]:
        self._forget()
        self._phase, self.method, self.deadline = _Phase.GONE, None, inf
        return [Gone()]
