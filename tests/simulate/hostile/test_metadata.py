"""Each script does to who asks it for metadata what it says."""

from __future__ import annotations

import pytest

from torrentd.simulate.hostile.metadata import (
    FalseMetadata,
    LeavingWithMetadata,
    RejectingMetadata,
    SilentAboutMetadata,
)
from torrentd.simulate.swarm import Swarm
from torrentd.wire.peer.handshake import EXTENDED

KIB = 1024


def meet(script: SilentAboutMetadata) -> tuple[str, list[str], str]:
    """A magnet and a stranger, alone: the state after a minute, why connections ended, and why the stranger is
    banned."""
    swarm = Swarm(1)
    torrent = swarm.torrent(2000 * KIB, 16 * KIB, files=[KIB] * 2000)
    stranger = swarm.stranger("stranger", torrent, script, reserved=EXTENDED)
    leech = swarm.node("leech")
    leech.add_magnet(torrent)
    swarm.run(60)
    magnet = leech.daemon.around.magnets[torrent.info_hash].torrent
    state = leech.control.row(torrent.id).state
    reasons = [closed.reason for closed in magnet.closed_peers]
    banned = magnet.bans.reason(stranger.address) or ""
    swarm.stop()
    return state, reasons, banned


def test_lies_are_found_out() -> None:
    script = FalseMetadata()
    assert meet(script) == ("metadata", ["banned: sent false metadata"], "sent false metadata")
    assert script.asked > 3


@pytest.mark.parametrize("script", [SilentAboutMetadata(), RejectingMetadata()])
def test_who_gives_nothing_is_asked_less_and_less(script: SilentAboutMetadata) -> None:
    assert meet(script) == ("metadata", [], "")
    assert 2 <= script.asked <= 10


def test_who_leaves_gave_something() -> None:
    script = LeavingWithMetadata()
    state, reasons, banned = meet(script)
    assert (state, banned, len(reasons)) == ("metadata", "", 1)


def test_a_size_that_is_not_fetched() -> None:
    script = SilentAboutMetadata(2**31)
    _, reasons, _ = meet(script)
    assert script.asked == 0 and "are fetched" in reasons[0]
