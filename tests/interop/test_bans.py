"""Who is to go, with real clients: one that is banned has to leave, stays away over a restart, and is met again when
the ban is lifted; one that is only removed may come again."""

from __future__ import annotations

from tests.interop.clients.libtorrent import Libtorrent
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


def test_with_libtorrent(stage: Stage) -> None:
    """A network is banned, and forgotten peers are strangers again."""
    torrent = make(stage.directory("origin"), {"content.bin": 16 * MIB})
    daemon, other = stage.run(Torrentd), stage.run(Libtorrent)
    daemon.add(torrent, torrent.origin, limits={"up": 100_000})
    daemon.wait(torrent)

    def connected() -> int:
        return int(daemon.get(torrent)["peers"]["connected"])

    def closed() -> str:
        return str(daemon.rpc("torrent.peers", id=torrent.info_hash)["closed"][-1]["reason"])

    other.add(torrent, stage.directory("to"))
    other.connect(torrent, daemon.peer_address)
    until(connected, "libtorrent is there", WAIT)
    (peer,) = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
    daemon.rpc("torrent.remove_peers", id=torrent.info_hash, peers=[peer["address"]])
    assert closed() == "removed by the user"
    until(connected, "it has come again by itself", WAIT)
    daemon.rpc("ban.add", networks=["127.0.0.0/8"], reason="enough")
    assert connected() == 0
    assert closed() == "banned: enough"
    other.connect(torrent, daemon.peer_address)
    assert daemon.rpc("ban.remove", networks=["127.0.0.0/8"]) == {"removed": 1}
    other.connect(torrent, daemon.peer_address)
    until(connected, "it is let in again", WAIT)
