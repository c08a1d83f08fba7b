"""UDP trackers over the shared datagram sockets (BEP 15, 41): connection ids, repetition, who may answer.

A request is repeated after 15 * 2^n seconds, n up to 8, at one address of the tracker after the other; the caller's
deadline ends it long before that. An answer counts only from the address that was asked and with the transaction id
that it was asked with; all else is dropped silently.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.net.datagram import Datagrams, Kind
from torrentd.wire.tracker import udp as packets

FIRST_WAIT: Final = 15.0
"""Seconds until the first repetition (BEP 15); each further one waits twice as long."""

REPETITIONS: Final = 8

CONNECTION_LIFE: Final = 60.0
"""Seconds a client may use a connection id (BEP 15)."""

MOST_CONNECTIONS: Final = 1000
"""Connection ids kept; the oldest goes first."""

Request: TypeAlias = Callable[[Address, int, int], bytes]

Result = TypeVar("Result")


class _Silence(Exception):
    """No answer in time."""


class _Question(NamedTuple):
    """What we wait for."""

    tracker: Address
    answer: Deferred[bytes]


class UdpClient:
    """Asks UDP trackers through `sockets`, one or more of each family that shall be used. Those that got no port are
    passed over."""

    def __init__(self, reactor: Any, sockets: Sequence[Datagrams], secret_rng: random.Random) -> None:
        self._reactor = reactor
        self._sockets = sockets
        self._secret_rng = secret_rng
        self._questions: dict[int, _Question] = {}
        self._connections: dict[Address, tuple[int, float]] = {}
        for each in sockets:
            each.route(Kind.TRACKER, self._received)

    async def ask(
        self,
        trackers: Sequence[Address],
        request: Request,
        parse: Callable[[bytes, Address], Result],
    ) -> tuple[Result, Address]:
        """Connect and ask. `request(tracker, connection, transaction)` makes the packet, `parse(packet, tracker)`
        reads the answer. `trackers`: the addresses of one tracker; the one that answered comes with the answer.
        TrackerError."""
        reachable = [tracker for tracker in trackers if self._socket(tracker) is not None]
        if not reachable:
            raise TrackerError("there is no UDP socket of the tracker's address family")
        for repetition in range(REPETITIONS + 1):
            tracker = reachable[repetition % len(reachable)]
            try:
                return await self._attempt(tracker, FIRST_WAIT * 2**repetition, request, parse), tracker
            except _Silence:
                continue
        raise TrackerError("the tracker does not answer")

    async def _attempt(
        self,
        tracker: Address,
        wait: float,
        request: Request,
        parse: Callable[[bytes, Address], Result],
    ) -> Result:
        known = self._known_connection(tracker)
        if known is not None:
            try:
                return parse(await self._exchange(tracker, wait, partial(request, tracker, known)), tracker)
            except TrackerError:
                # it may just have forgotten the connection id (a restart): ask once more with a fresh one
                self._forget(tracker, known)
        connection = packets.parse_connect(await self._exchange(tracker, wait, packets.connect_request))
        self._remember(tracker, connection)
        return parse(await self._exchange(tracker, wait, partial(request, tracker, connection)), tracker)

    async def _exchange(self, tracker: Address, wait: float, make: Callable[[int], bytes]) -> bytes:
        """One packet out, one in. _Silence after `wait` seconds."""
        transaction = self._new_transaction()
        answer: Deferred[bytes] = Deferred()
        self._questions[transaction] = _Question(tracker, answer)
        silence = self._reactor.callLater(wait, answer.errback, _Silence())
        try:
            socket = self._socket(tracker)
            if socket is not None:
                socket.send(make(transaction), tracker)
            return await answer
        finally:
            del self._questions[transaction]
            if silence.active():
                silence.cancel()

    def _received(self, packet: bytes, source: Address) -> None:
        head = packets.parse_head(packet)
        question = self._questions.get(head[1]) if head is not None else None
        if question is not None and question.tracker == source and not question.answer.called:
            question.answer.callback(packet)

    def _new_transaction(self) -> int:
        while (transaction := self._secret_rng.getrandbits(32)) in self._questions:
            pass
        return transaction

    def _known_connection(self, tracker: Address) -> int | None:
        connection, until = self._connections.get(tracker, (0, 0.0))
        return connection if self._reactor.seconds() < until else None

    def _remember(self, tracker: Address, connection: int) -> None:
        self._connections.pop(tracker, None)
        if len(self._connections) >= MOST_CONNECTIONS:
            del self._connections[next(iter(self._connections))]
        self._connections[tracker] = (connection, self._reactor.seconds() + CONNECTION_LIFE)

    def _forget(self, tracker: Address, connection: int) -> None:
        """Unless somebody else got a new one meanwhile."""
        if self._known_connection(tracker) == connection:
            del self._connections[tracker]

    def _socket(self, tracker: Address) -> Datagrams | None:
        v6 = ":" in tracker.host
        return next((each for each in self._sockets if each.v6 == v6 and each.bound), None)
