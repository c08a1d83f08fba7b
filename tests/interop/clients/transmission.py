"""Transmission. It never dials an address in 127.0.0.0/8, so it has to be dialled; its DHT has no nodes there."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.interop.clients.client import Client
from tests.interop.clients.web import request
from tests.interop.content import Torrent
from tests.interop.processes import free_port, require, until

SEEDING = (5, 6)
"""Transmission's status: queued to seed, seeding"""
CHECK = 20.0


class Transmission(Client):
    """`changes` are settings of Transmission's, over those below."""

    name = "transmission-daemon"
    can_dial = False

    def __init__(self, folder: Path, host: str, **changes: Any) -> None:
        super().__init__(folder, host)
        self._changes = {name.replace("_", "-"): value for name, value in changes.items()}

    def start(self) -> None:
        self._port, self._rpc_port = free_port(self.host), free_port(self.host)
        self._session = ""
        settings = {
            "bind-address-ipv4": self.host,
            "peer-port": self._port,
            "rpc-bind-address": self.host,
            "rpc-port": self._rpc_port,
            "rpc-authentication-required": False,
            "rpc-whitelist-enabled": False,
            "rpc-host-whitelist-enabled": False,
            "dht-enabled": False,
            "lpd-enabled": False,
            "pex-enabled": False,
            "utp-enabled": False,
            "encryption": 0,
            "port-forwarding-enabled": False,
            "download-queue-enabled": False,
            "seed-queue-enabled": False,
            "download-dir": str(self.folder),
        } | self._changes
        (self.folder / "settings.json").write_text(json.dumps(settings))
        self.spawn([require(self.name), "--foreground", "--config-dir", self.folder])
        self.until_ready(lambda: self._call("session-get"))

    @property
    def peer_address(self) -> str:
        return f"{self.host}:{self._port}"

    def add(self, torrent: Torrent, directory: Path, *, seed: bool = False) -> None:
        metainfo = base64.b64encode(torrent.metainfo).decode()
        self._call("torrent-add", **{"metainfo": metainfo, "download-dir": str(directory), "paused": False})
        if seed:
            until(lambda: self.is_complete(torrent), "Transmission has found the content", CHECK)

    def add_magnet(self, torrent: Torrent, directory: Path) -> None:
        self._call("torrent-add", **{"filename": torrent.link, "download-dir": str(directory), "paused": False})

    def is_complete(self, torrent: Torrent) -> bool:
        fields = ["leftUntilDone", "metadataPercentComplete", "status", "error", "errorString"]
        (row,) = self._call("torrent-get", ids=[torrent.info_hash], fields=fields)["torrents"]
        assert not row["error"], row["errorString"]
        has_metadata = row["metadataPercentComplete"] == 1
        return has_metadata and row["leftUntilDone"] == 0 and row["status"] in SEEDING

    def _call(self, method: str, **arguments: Any) -> Any:
        """One RPC call; the first answer is a refusal that carries the session id."""
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        for _ in range(2):
            headers = {"X-Transmission-Session-Id": self._session}
            reply = request(self.host, self._rpc_port, "POST", "/transmission/rpc", body, headers)
            if reply.status != 409:
                break
            self._session = reply.headers["x-transmission-session-id"]
        answer = json.loads(reply.body)
        assert answer["result"] == "success", answer
        return answer["arguments"]
