"""A blocklist against a real client: it is not met, then it is, then it has to leave."""

from __future__ import annotations

from typing import Any

from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import MIB, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until


def test_with_transmission(stage: Stage) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 64 * MIB})
    source = stage.folder / "list.p2p"
    other = stage.run(Transmission)
    other.add(torrent, torrent.origin, seed=True)
    everybody, nobody = f"Everybody here:127.0.0.0-{other.host}\n", "Somebody else:192.0.2.1-192.0.2.9\n"
    source.write_text(everybody)
    daemon = stage.run(Torrentd, blocklist={"source": str(source)}, limits={"download": "1 MiB"})

    def connected() -> int:
        return int(daemon.get(torrent)["peers"]["connected"])

    def status() -> dict[str, Any]:
        found: dict[str, Any] = daemon.rpc("daemon.status")["blocklist"]
        return found

    def follow(text: str) -> None:
        source.write_text(text)
        before = status()["updated_at"]
        daemon.rpc("daemon.reload")
        until(lambda: status()["updated_at"] != before, "the list was read again", WAIT)

    daemon.add(torrent, peers=[other.peer_address])
    assert status()["refused"] > 0
    assert daemon.get(torrent)["peers"]["known"] == 0
    follow(nobody)
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[other.peer_address])
    until(connected, "Transmission is met", WAIT)
    follow(everybody + nobody)
    until(lambda: not connected(), "Transmission has to leave", WAIT)
    source.unlink()
    daemon.restart()
    assert status()["ranges"] == 2
    assert "No such file" in until(lambda: status()["error"], "the file is missed", WAIT)
