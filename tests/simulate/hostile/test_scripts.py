"""Each script does to a daemon what it says, and nothing else happens to that daemon."""

from __future__ import annotations

from random import Random

import pytest

from torrentd.simulate.hostile.scripts import (
    FAST,
    Begging,
    Corrupting,
    Fickle,
    Flapping,
    Moody,
    Mute,
    Nonsense,
    Refusing,
    Selfish,
    Stalling,
)
from torrentd.simulate.hostile.stranger import Script
from torrentd.simulate.swarm import Swarm

KIB = 1024


def meet(script: Script, seconds: float = 90.0, reserved: bytes = bytes(8)) -> tuple[Swarm, list[str]]:
    """A leech and a stranger, alone; and why their connections ended."""
    swarm = Swarm(1)
    torrent = swarm.torrent(256 * KIB, 32 * KIB)
    stranger = swarm.stranger("stranger", torrent, script, reserved=reserved)
    leech = swarm.node("leech")
    leech.add(torrent)
    swarm.run(seconds)
    session = leech.awake(torrent)
    reasons = [] if session is None else [closed.reason for closed in session.torrent.closed_peers]
    assert stranger.site.reactor.getDelayedCalls() == []
    swarm.stop()
    return swarm, reasons


def test_a_corrupting_peer_is_found_out() -> None:
    script = Corrupting(Random(1), share=1.0)
    _, reasons = meet(script)
    assert script.lies > 0
    assert any("banned" in reason for reason in reasons)


def test_one_that_does_not_lie_serves() -> None:
    swarm, _ = meet(Corrupting(Random(1), share=0.0))
    assert [list(node.completed) for node in swarm.nodes] == [["torrent1"]]


def test_a_moody_peer_chokes_and_serves() -> None:
    """Alone with it, a leech says something again after 100 s: a keep-alive."""
    swarm, _ = meet(Moody(Random(1)), seconds=600)
    (completed,) = swarm.nodes[0].completed.values()
    assert completed > 100


@pytest.mark.parametrize("script", [Stalling(), Selfish(), Flapping(), Mute(), Fickle(), Begging()])
def test_one_that_gives_nothing_is_borne(script: Script) -> None:
    swarm, _ = meet(script, reserved=FAST)
    assert swarm.nodes[0].completed == {}


def test_one_that_rejects_everything_is_asked_less_and_less() -> None:
    script = Refusing()
    meet(script, reserved=FAST)
    assert 8 < script.rejected < 400


def test_nonsense_ends_the_connection() -> None:
    _, reasons = meet(Nonsense(Random(1)))
    assert reasons


def test_a_stranger_can_dial() -> None:
    swarm = Swarm(1)
    torrent = swarm.torrent(64 * KIB, 32 * KIB, tiers=[])
    leech = swarm.node("leech")
    leech.add(torrent)
    swarm.run(1)
    stranger = swarm.stranger("stranger", torrent, Corrupting(Random(1), share=0.0))
    stranger.dial(leech.address)
    swarm.run_until(lambda: leech.has_all(torrent), limit=30)
    swarm.stop()
