"""How every story ends: faults are healed, whoever can have what he wants gets it, all stop, the books are right."""

from __future__ import annotations

from tests.scenarios.stories.acts import NO_LIMIT, heal, limit, mend_disk, resume, revive_tracker
from tests.scenarios.stories.invariants import check
from tests.scenarios.stories.stage import DOWN, STOPPING, UP, Stage
from torrentd.model.bitfield import Bitfield
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import SimulationError

STOPPED = 10.0
"""Seconds in which a daemon has stopped,"""

STARTED = 10.0
"""or started."""

JOINED = 10.0
"""Seconds until the last host was told of the torrent."""

DISKS = 1200.0
"""Seconds in which disks that were slow or hung have done what they were asked."""

ANSWERED = 60.0
"""Seconds in which all calls are answered then."""

LOOKED = 600.0
"""Seconds in which torrents are no longer checked, and errors are over."""

PATIENCE = 3 * 1800.0
"""Seconds until everybody has what he wants: a tracker is asked again after half an hour, in the worst case twice."""

LOOK = 5.0
"""Seconds between two looks."""


def end(stage: Stage) -> float:
    """Heal, wait, stop. Seconds from healing until everybody had what he wanted. SimulationError."""
    _heal(stage)
    healed = stage.swarm.now
    hopeful = _hopeful(stage)
    end = healed + PATIENCE
    while not all(_is_done(stage, node) for node in hopeful):
        if stage.swarm.now >= end:
            raise stage.swarm.failure(_who_waits(stage, [node for node in hopeful if not _is_done(stage, node)]))
        stage.swarm.run(LOOK)
        check(stage)
    took = stage.swarm.now - healed
    stage.swarm.stop()
    return took


def _heal(stage: Stage) -> None:
    swarm = stage.swarm
    for stranger in swarm.strangers:
        stranger.leave()
    heal(stage, stage.nodes[0], 0)
    revive_tracker(stage, stage.nodes[0], 0)
    for node in stage.nodes:
        mend_disk(stage, node, 0)
    swarm.run_until(lambda: STOPPING not in stage.phases.values(), STOPPED)
    for node, phase in stage.phases.items():
        if phase == DOWN:
            stage.start(node)
    swarm.run_until(lambda: all(node.running for node in stage.nodes), STARTED)
    assert set(stage.phases.values()) == {UP}
    swarm.run_until(lambda: all(node in stage.added for node in stage.nodes), JOINED)
    swarm.run_until(lambda: all(stage.is_idle(node) for node in stage.nodes), DISKS)
    _answer(stage)
    for node in stage.nodes:
        limit(stage, node, NO_LIMIT)
        if stage.has_torrent(node):
            resume(stage, node, 0)
    _answer(stage)
    swarm.run_until(lambda: all(_is_running(stage, node) for node in stage.nodes), LOOKED)


def _answer(stage: Stage) -> None:
    """All calls get their answers."""
    try:
        stage.swarm.run_until(lambda: not stage.calls, ANSWERED)
    except SimulationError as error:
        waiting = ", ".join(f"{call.word} of {call.node.name}" for call in stage.calls)
        raise SimulationError(f"no answer to {waiting}: {error}") from None
    check(stage)


def _is_running(stage: Stage, node: Node) -> bool:
    return not stage.has_torrent(node) or node.control.row(stage.torrent.id).state in (
        "downloading",
        "metadata",
        "seeding",
    )


def _is_done(stage: Stage, node: Node) -> bool:
    row = node.control.row(stage.torrent.id)
    return row.state == "seeding" and row.left == 0


def _hopeful(stage: Stage) -> list[Node]:
    """Those who can get all that they want: from those who have it or can get it, too, and can be connected with."""
    nodes = [node for node in stage.nodes if stage.has_torrent(node)]
    have = {node: set(node.content(stage.torrent).good) for node in nodes}
    wanted = {node: set(_wanted(stage, node)) for node in nodes}
    for node in nodes:
        if not stage.has_metadata(node):
            have[node].clear()  # what is on its disk counts when it knows what that is
    grows = True
    while grows:
        grows = False
        for node in nodes:
            others = [have[other] for other in nodes if not (other.site.link.nat and node.site.link.nat)]
            more = wanted[node] & set().union(*others) - have[node]
            have[node] |= more
            grows = grows or bool(more)
    return [node for node in nodes if wanted[node] <= have[node]]


def _wanted(stage: Stage, node: Node) -> Bitfield:
    """Without metadata it may want everything; asleep as well, unless it has all that it wants."""
    session = node.awake(stage.torrent)
    if stage.has_metadata(node) and session is not None:
        return session.torrent.wanted
    count = stage.torrent.geometry.piece_count
    is_done = stage.has_metadata(node) and not node.control.row(stage.torrent.id).left
    return Bitfield(count) if is_done else Bitfield.full(count)


def _who_waits(stage: Stage, nodes: list[Node]) -> str:
    """Who does not get what he could have, and how he is connected."""
    return "\n".join(
        [f"{PATIENCE:.0f} s after all was well these still wait:", *(_state(stage, node) for node in nodes)]
    )


def _state(stage: Stage, node: Node) -> str:
    session = node.awake(stage.torrent)
    if session is None:
        return f"{node.name} ({node.site.address}): {node.control.row(stage.torrent.id)}"
    torrent = session.torrent
    peers = [
        f"  {peer.address} has {peer.have.count}, of which {peer.wanted} wanted; choking {peer.peer_choking}, "
        f"snubbed {peer.snubbed}, owes {peer.queue.count}"
        for peer in torrent.peers.values()
    ]
    closed = [f"  closed {closed.at:.0f} {closed.address}: {closed.reason}" for closed in torrent.closed_peers]
    missing = list(torrent.missing)
    head = f"{node.name} ({node.site.address}): error {session.error}, {len(missing)} missing, {missing[:10]}"
    storing = list(torrent.storing)
    started = list(torrent.requests.started) if torrent.requests is not None else None
    return "\n".join([head, f"  storing {storing}, started {started}", *peers, *closed])
