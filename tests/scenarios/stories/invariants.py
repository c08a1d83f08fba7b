"""What holds between two steps, whatever happened: AssertionError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from tests.scenarios.stories.stage import Stage
from tests.swarm import invariants
from torrentd.model.geometry import BLOCK
from torrentd.net.peer import CONTROL_BUFFER
from torrentd.net.serving import SEND_BUFFER
from torrentd.policy.picking import blocks
from torrentd.session.running.torrent import TorrentSession
from torrentd.simulate.internet.links import LONGEST_TURN
from torrentd.simulate.internet.transport import BUFFER
from torrentd.simulate.node import Node
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.uploading.unserved import pieces_of


class End(NamedTuple):
    """One end of a connection."""

    session: TorrentSession
    peer: Peer
    transport: Any

    @property
    def is_still(self) -> bool:
        """Nothing is on its way, in neither direction."""
        transport = self.transport
        moving = transport.out.queued + transport.out.in_flight
        return not (moving + transport.incoming.queued + transport.incoming.in_flight + transport.unread)

    @property
    def asked(self) -> set[tuple[int, int]]:
        """`(piece, begin)` of what the peer was asked for."""
        return _begins(self.peer.queue.outstanding)

    @property
    def given_up(self) -> set[tuple[int, int]]:
        """What it was asked for and may still send, though we do not count on it."""
        return _begins(self.peer.queue.late)

    @property
    def owed(self) -> set[tuple[int, int]]:
        """The same of what the peer waits for: it was not begun to be served."""
        return {(piece, begin) for piece, begin, _ in self.peer.requests.blocks()}

    @property
    def served(self) -> set[tuple[int, int]]:
        """What is being served."""
        serving = self.peer.serving
        runs = serving.ranges if serving is not None else []
        return {(piece, begin) for run in runs for piece, begin, _ in pieces_of(run, BLOCK)}


def _begins(sets: Mapping[int, int]) -> set[tuple[int, int]]:
    """Of block sets by piece."""
    return {
        (piece, block * BLOCK)
        for piece, some in sets.items()
        for first, count in blocks.runs(some)
        for block in range(first, first + count)
    }


Ends: TypeAlias = tuple[str, int, str, int]

TIMERS = 40
"""of a daemon with one torrent, besides those of its connections and of pieces on their way to the disk"""

TIMERS_PER_CONNECTION = 4


def check(stage: Stage) -> None:
    """All of it."""
    assert not stage.problems, stage.problems[0]
    ends: dict[Ends, End] = {}
    for node in stage.nodes:
        if node.running:
            _check_node(stage, node)
            session = node.awake(stage.torrent)
            if session is not None:
                _check_session(node, session, stage)
                ends.update(_connections(session))
    _check_books(ends)


def _check_node(stage: Stage, node: Node) -> None:
    daemon = node.daemon
    most = daemon.settings.peers.max_connections
    assert 0 <= daemon.connections.fleet.connections <= most, f"{node.name} has too many connections"
    assert 0 <= daemon.connections.fleet.half_open <= daemon.settings.peers.max_half_open
    queue = daemon.host.disk.buffers.waiting
    slack = 2 * stage.story.piece_size + 2 * LONGEST_TURN
    assert queue <= daemon.settings.storage.disk_queue + slack, f"{queue} bytes wait for the disk of {node.name}"
    calls, connections = node.machine.reactor.getDelayedCalls(), len(node.site.transports)
    assert len(calls) <= TIMERS + TIMERS_PER_CONNECTION * connections + stage.story.pieces, calls
    _check_promises(stage, node)


def _check_promises(stage: Stage, node: Node) -> None:
    """What the user was told is so, after crashes too."""
    if not stage.added.get(node):
        return
    assert stage.has_torrent(node), f"{node.name} forgot the torrent"
    paused = stage.paused.get(node)
    state = node.control.row(stage.torrent.id).state
    if paused is not None and state != "metadata":  # which hides the pause
        assert (state in ("paused", "checking", "error")) if paused else state != "paused", f"{node.name} is {state}"


def _check_session(node: Node, session: TorrentSession, stage: Stage) -> None:
    torrent, content = session.torrent, node.content(stage.torrent)
    claimed = [piece for piece in torrent.have if piece not in content.good]
    assert not claimed, f"{node.name} claims pieces {claimed} that are not on its disk"
    invariants.check(torrent)
    assert len(torrent.peers) <= torrent.settings.max_connections, f"{node.name} has {len(torrent.peers)} peers"
    for transport in node.site.transports:
        queued = transport.out.queued
        assert queued <= BUFFER + SEND_BUFFER + CONTROL_BUFFER + LONGEST_TURN, f"{queued} bytes wait at {node.name}"


def _connections(session: TorrentSession) -> Iterator[tuple[Ends, End]]:
    for key, peer in session.torrent.peers.items():
        connection: Any = session.connections.get(key)
        if connection is not None and connection.transport is not None:
            here, there = connection.transport.getHost(), connection.transport.getPeer()
            yield (here.host, here.port, there.host, there.port), End(session, peer, connection.transport)


def _check_books(ends: dict[Ends, End]) -> None:
    """Of the two ends of a connection one has received no more than the other has sent, and was told of no piece that
    the other does not claim. When nothing is on its way, both know of the same requests."""
    for (host, port, other_host, other_port), receiver in ends.items():
        sender = ends.get((other_host, other_port, host, port))
        if sender is None:
            continue
        serving = sender.peer.serving.count * BLOCK if sender.peer.serving is not None else 0
        sent, received = sender.peer.uploaded + serving, receiver.peer.downloaded
        assert sent >= received, f"{host} received {received} bytes of {other_host}, which sent {sent}"
        told = [piece for piece in receiver.peer.have if piece not in sender.session.torrent.have]
        assert not told, f"{other_host} told {host} that it has pieces {told}"
        if receiver.is_still and sender.is_still:
            lost, forgotten = receiver.asked - sender.owed - sender.served, sender.owed - receiver.asked
            forgotten -= receiver.given_up  # the block came for an earlier request
            assert not lost, f"{host} waits for {sorted(lost)[:9]}, and {other_host} knows nothing of it"
            assert not forgotten, f"{other_host} keeps requests of {host} that were taken back: {sorted(forgotten)[:9]}"
