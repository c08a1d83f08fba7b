"""aria2. It knows peers from trackers only: over its RPC nobody can tell it whom to dial."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.interop.clients.client import Client
from tests.interop.clients.web import request
from tests.interop.content import Torrent
from tests.interop.processes import free_port, require, until

CHECK = 20.0
LOCAL = "127.0.0.1"
"""Where its RPC is, if it is not everywhere."""


class Aria2(Client):
    name = "aria2c"
    can_dial = False

    def __init__(self, folder: Path, host: str, **changes: str) -> None:
        """`changes`: further options, `_` for `-`."""
        super().__init__(folder, host)
        self._changes = {name.replace("_", "-"): value for name, value in changes.items()}
        self._rpc_host = LOCAL if host.startswith("127.") else host

    def start(self) -> None:
        self._port, self._rpc_port = free_port(self.host), free_port(self._rpc_host)
        self._downloads: dict[str, str] = {}
        options = {
            "no-conf": "true",
            "enable-rpc": "true",
            "rpc-listen-all": "false" if self._rpc_host == LOCAL else "true",
            "rpc-listen-port": str(self._rpc_port),
            "listen-port": str(self._port),
            "interface": self.host,
            "disable-ipv6": "true",
            "enable-dht": "false",
            "bt-enable-lpd": "false",
            "enable-peer-exchange": "false",
            "seed-ratio": "0.0",
            "file-allocation": "none",
            "bt-hash-check-seed": "true",
            "dir": str(self.folder),
        } | self._changes
        self.spawn([require(self.name), *(f"--{name}={value}" for name, value in options.items())])
        self.until_ready(lambda: self._call("getVersion"))

    @property
    def peer_address(self) -> str:
        return f"{self.host}:{self._port}"

    def add(self, torrent: Torrent, directory: Path, *, seed: bool = False) -> None:
        metainfo = base64.b64encode(torrent.metainfo).decode()
        options = {"dir": str(directory), "check-integrity": "true" if seed else "false"}
        self._downloads[torrent.info_hash] = self._call("addTorrent", metainfo, [], options)
        if seed:
            until(lambda: self.is_complete(torrent), "aria2 has found the content", CHECK)

    def add_magnet(self, torrent: Torrent, directory: Path) -> None:
        self._downloads[torrent.info_hash] = self._call("addUri", [torrent.link], {"dir": str(directory)})

    def is_complete(self, torrent: Torrent) -> bool:
        status = self._call("tellStatus", self._downloads[torrent.info_hash])
        if "followedBy" in status:  # the metadata was a download of its own
            status = self._call("tellStatus", status["followedBy"][0])
        elif "bittorrent" not in status or "info" not in status["bittorrent"]:
            return False
        assert status["status"] != "error", status
        checking = "verifiedLength" in status or status.get("verifyIntegrityPending") == "true"
        return status["seeder"] == "true" and not checking

    def _call(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": "1", "method": f"aria2.{method}", "params": params}
        answer = json.loads(request(self._rpc_host, self._rpc_port, "POST", "/jsonrpc", json.dumps(call).encode()).body)
        assert "error" not in answer, answer
        return answer["result"]
