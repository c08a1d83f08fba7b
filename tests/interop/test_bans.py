"""A ban against a real client: it has to leave, stays away over a restart, and is met again when the ban is lifted."""

from __future__ import annotations

from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import MIB, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until


def test_with_transmission(stage: Stage) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 64 * MIB})
    other = stage.run(Transmission)
    other.add(torrent, torrent.origin, seed=True)
    daemon = stage.run(Torrentd, limits={"download": "1 MiB"})

    def connected() -> int:
        return int(daemon.get(torrent)["peers"]["connected"])

    daemon.add(torrent, peers=[other.peer_address])
    until(connected, "Transmission is met", WAIT)
    (ban,) = daemon.rpc("ban.add", networks=[f"{other.host}/32"], reason="enough")["bans"]
    assert ban["network"] == other.host
    assert connected() == 0
    assert daemon.rpc("torrent.peers", id=torrent.info_hash)["closed"][-1]["reason"] == "banned: enough"
    daemon.restart()
    assert daemon.rpc("ban.list")["bans"] == [ban]
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[other.peer_address])
    assert daemon.get(torrent)["peers"]["known"] == connected() == 0
    assert daemon.rpc("ban.remove", networks=[other.host]) == {"removed": 1}
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[other.peer_address])
    until(connected, "Transmission is met again", WAIT)
