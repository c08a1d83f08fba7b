"""What may happen to a host, to the network, to the tracker. `amount` is 0 to 99; who is down does nothing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from tests.scenarios.stories.stage import Stage
from torrentd.model.errors import StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.simulate.hostile.scripts import Corrupting, Fickle, Flapping, Moody, Mute, Nonsense, Stalling
from torrentd.simulate.hostile.stranger import Script
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node

Act: TypeAlias = Callable[[Stage, Node, int], None]

STRANGERS = 3
"""in one story, at most"""

NO_LIMIT = 0
"""the amount with which `limit` removes it"""

IO_ERROR = StorageError("/: Input/output error", "io_error", "/")

# --- users


def pause(stage: Stage, node: Node, amount: int) -> None:
    """The torrent."""
    _pause_or_not(stage, node, True)


def resume(stage: Stage, node: Node, amount: int) -> None:
    """The torrent."""
    _pause_or_not(stage, node, False)


def _pause_or_not(stage: Stage, node: Node, paused: bool) -> None:
    control, id = node.control, stage.torrent.id

    def told(_: Any) -> None:
        if not stage.pending(node, "pause", "resume"):
            stage.paused[node] = paused

    stage.paused.pop(node, None)
    if paused:
        stage.call(node, "pause", lambda: control.pause(id), told)
    else:
        stage.call(node, "resume", lambda: control.resume(id, force=False), told)


def verify(stage: Stage, node: Node, amount: int) -> None:
    """The whole torrent is hashed anew."""
    stage.call(node, "verify", lambda: node.control.verify(stage.torrent.id))


def remove(stage: Stage, node: Node, amount: int) -> None:
    """From 50 on with its data. The first host keeps it, so that there is a seed."""
    if node is stage.nodes[0]:
        return
    stage.added[node] = False
    stage.paused.pop(node, None)
    stage.call(node, "remove", lambda: node.control.remove(stage.torrent.id, delete_data=amount >= 50))


def add(stage: Stage, node: Node, amount: int) -> None:
    """The torrent again, or for the first time."""
    stage.add(node, stage.host_of(node))


def set_files(stage: Stage, node: Node, amount: int) -> None:
    """Two bits of the amount are the priority of a file."""
    choices = [FileChoice(Priority(amount >> 2 * index & 3), index) for index in range(stage.story.files)]
    stage.call(node, "set_files", lambda: node.control.set_files(stage.torrent.id, choices))


def limit(stage: Stage, node: Node, amount: int) -> None:
    """Both rates of the daemon: none, nothing up, or some 10 KB/s."""
    up = (None, 0, amount * 10_000)[amount % 3]
    down = None if amount < 50 else amount * 5_000
    stage.call(node, "limit", lambda: node.control.set_limits(down, up))


def add_peers(stage: Stage, node: Node, amount: int) -> None:
    """The user names all others, and himself."""
    addresses = [other.address for other in stage.nodes]
    stage.call(node, "add_peers", lambda: node.control.add_peers(stage.torrent.id, addresses))


def announce(stage: Stage, node: Node, amount: int) -> None:
    """Ask the tracker now."""
    stage.call(node, "announce", lambda: node.control.announce(stage.torrent.id))


# --- machines


def crash(stage: Stage, node: Node, amount: int) -> None:
    """Killed."""
    stage.crash(node)


def stop(stage: Stage, node: Node, amount: int) -> None:
    """In order."""
    stage.stop(node)


def start(stage: Stage, node: Node, amount: int) -> None:
    """After a stop or crash; from 90 on there is evidence that it was a crash."""
    stage.start(node, crashed=amount >= 90)


def step_clock(stage: Stage, node: Node, amount: int) -> None:
    """Up to two days back or forth."""
    node.step_clock((amount - 50) * 3600.0)


def fill_disk(stage: Stage, node: Node, amount: int) -> None:
    """So many blocks of room are left."""
    node.machine.platter.free = amount * 16 * 1024


def slow_disk(stage: Stage, node: Node, amount: int) -> None:
    """10 KB/s to 1 MB/s."""
    node.machine.platter.rate = (amount + 1) * 10_000.0


def break_writes(stage: Stage, node: Node, amount: int) -> None:
    """Each one fails."""
    node.machine.platter.faults.write = IO_ERROR


def break_flushes(stage: Stage, node: Node, amount: int) -> None:
    """Each one fails."""
    node.machine.platter.faults.flush = IO_ERROR


def hang_disk(stage: Stage, node: Node, amount: int) -> None:
    """For so many seconds."""
    disk: Any = node.daemon.host.disk
    disk.hang(float(amount))


def lose_cache(stage: Stage, node: Node, amount: int) -> None:
    """Reads go to the disk."""
    node.machine.platter.faults.cached = False


def mend_disk(stage: Stage, node: Node, amount: int) -> None:
    """All of that is over."""
    platter = node.machine.platter
    platter.rate = platter.free = platter.faults.write = platter.faults.flush = None
    platter.faults.cached = True


# --- the network


def part(stage: Stage, node: Node, amount: int) -> None:
    """Hosts whose bit in the amount is set, from the others and the tracker."""
    stage.swarm.internet.part([[other.site for index, other in enumerate(stage.nodes) if amount >> index & 1]])


def heal(stage: Stage, node: Node, amount: int) -> None:
    """No partition any more."""
    stage.swarm.internet.heal()


def forget(stage: Stage, node: Node, amount: int) -> None:
    """Its router forgets its connections."""
    stage.swarm.internet.forget(node.site)


def relink(stage: Stage, node: Node, amount: int) -> None:
    """Another rate: 10 KB/s to 1 MB/s up, four times as much down."""
    old = node.site.link
    rate = (amount + 1) * 10_000.0
    node.site.relink(Link(rate, 4 * rate, old.latency, old.loss, old.queue, old.nat))


# --- trackers and strangers


def kill_tracker(stage: Stage, node: Node, amount: int) -> None:
    """It is gone, from 50 on it only refuses."""
    if amount >= 50:
        stage.swarm.trackers[0].registry.failure = "not now"
    else:
        stage.swarm.trackers[0].die()


def revive_tracker(stage: Stage, node: Node, amount: int) -> None:
    """It answers again."""
    tracker = stage.swarm.trackers[0]
    tracker.registry.failure = ""
    tracker.die()
    tracker.revive()


def invite(stage: Stage, node: Node, amount: int) -> None:
    """A stranger comes, and dials this host."""
    number = len(stage.swarm.strangers)
    if number < STRANGERS:
        luck = Random(f"{stage.story.luck}, stranger {number}")
        scripts: list[Script] = [
            Corrupting(luck, amount / 100),
            Moody(luck),
            Stalling(),
            Flapping(),
            Fickle(),
            Nonsense(luck),
            Mute(),
        ]
        script = scripts[amount % len(scripts)]
        stage.swarm.stranger(f"stranger{number}", stage.torrent, script, Link(up=500_000)).dial(node.address)


ACTS: dict[str, Act] = {
    function.__name__: function
    for function in (
        *(pause, resume, verify, remove, add, set_files, limit, add_peers, announce),
        *(crash, stop, start, step_clock),
        *(fill_disk, slow_disk, break_writes, break_flushes, hang_disk, lose_cache, mend_disk),
        *(part, heal, forget, relink),
        *(kill_tracker, revive_tracker, invite),
    )
}
