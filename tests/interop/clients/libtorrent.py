"""libtorrent, from the PyPI wheel that every machine gets: the peer that is always there."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.interop.clients.client import Client
from tests.interop.content import Torrent
from tests.interop.processes import PYTHON, missing, until

CHECK = 20.0
NODE = Path(__file__).with_name("libtorrent_node.py")


class Libtorrent(Client):
    """`changes` are settings of libtorrent's, over those of the node."""

    name = "libtorrent"

    def __init__(self, folder: Path, host: str, **changes: Any) -> None:
        super().__init__(folder, host)
        self._changes = changes

    def start(self) -> None:
        if importlib.util.find_spec("libtorrent") is None:
            missing("libtorrent (the PyPI package)")
        command = [
            PYTHON,
            "-P",
            NODE,
            self.host,
            json.dumps(self._changes),
        ]  # -P: `import libtorrent` must not find this file
        self.spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.until_ready(lambda: self._call("port"))

    @property
    def peer_address(self) -> str:
        return f"{self.host}:{self._call('port')}"

    def add(
        self, torrent: Torrent, directory: Path, *, seed: bool = False, upload_limit: int = 0, pex: bool = False
    ) -> None:
        """`upload_limit` in bytes per second; 0 is none."""
        metainfo = base64.b64encode(torrent.metainfo).decode()
        self._call("add", metainfo=metainfo, directory=str(directory), upload_limit=upload_limit, pex=pex)
        if seed:
            until(lambda: self.is_complete(torrent), "libtorrent has found the content", CHECK)

    def add_magnet(self, torrent: Torrent, directory: Path) -> None:
        self._call("add_magnet", link=torrent.link, directory=str(directory))

    def connect(self, torrent: Torrent, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._call("connect", torrent=torrent.info_hash, host=host.strip("[]"), port=int(port))

    def is_complete(self, torrent: Torrent) -> bool:
        return bool(self.status(torrent)["seeding"])

    def status(self, torrent: Torrent) -> dict[str, Any]:
        """`state, seeding, done, peers, uploaded, downloaded` (bytes of content)."""
        status: dict[str, Any] = self._call("status", torrent=torrent.info_hash)
        assert not status["error"], status
        return status

    def peers(self, torrent: Torrent) -> list[dict[str, Any]]:
        """`address` (host, port), `client`, `upload_only`, `by_pex`, `pieces` of each that is connected."""
        peers: list[dict[str, Any]] = self._call("peers", torrent=torrent.info_hash)
        return peers

    def counters(self) -> dict[str, int]:
        """What it counted since it began: `ses.num_incoming_unchoke` and so on."""
        found: dict[str, int] = until(lambda: self._call("counters"), "libtorrent has counted", CHECK)
        return found

    def dht_nodes(self) -> int:
        """Nodes in the routing table of its DHT."""
        return int(self._call("dht_nodes"))

    def _call(self, method: str, **arguments: Any) -> Any:
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps([method, arguments]).encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"libtorrent ended\n{self.log()}"
        answer = json.loads(line)
        assert "error" not in answer, answer
        return answer["result"]
