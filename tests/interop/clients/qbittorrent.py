"""qBittorrent without its window, through its Web API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.interop.clients.client import Client
from tests.interop.clients.web import request
from tests.interop.content import Torrent
from tests.interop.processes import free_port, require, until

CHECK = 20.0
BUSY = ("checking", "meta", "moving", "allocating")
"""how the names of states begin in which no peer is accepted yet"""


class QBittorrent(Client):
    """`changes` are settings of its session, over those below."""

    name = "qbittorrent-nox"

    def __init__(self, folder: Path, host: str, **changes: Any) -> None:
        super().__init__(folder, host)
        self._changes = changes

    def start(self) -> None:
        self._port, self._web_port = free_port(self.host), free_port(self.host)
        config = self.folder / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True)
        config.write_text(self._configuration())
        self.spawn([require(self.name), f"--profile={self.folder}", f"--webui-port={self._web_port}"])
        self.until_ready(lambda: self._get("app/version"))

    @property
    def peer_address(self) -> str:
        return f"{self.host}:{self._port}"

    def add(self, torrent: Torrent, directory: Path, *, seed: bool = False) -> None:
        fields = {"savepath": str(directory), "autoTMM": "false", "paused": "false"}
        self._upload("torrents/add", fields, torrent.metainfo)
        until(lambda: self._is_ready(torrent), "qBittorrent has taken the torrent", CHECK)
        if seed:
            until(lambda: self.is_complete(torrent), "qBittorrent has found the content", CHECK)

    def add_magnet(self, torrent: Torrent, directory: Path) -> None:
        self._post("torrents/add", {"urls": torrent.link, "savepath": str(directory), "autoTMM": "false"})
        until(lambda: self._row(torrent) is not None, "qBittorrent has taken the link", CHECK)

    def connect(self, torrent: Torrent, address: str) -> None:
        self._post("torrents/addPeers", {"hashes": torrent.info_hash, "peers": address})

    def is_complete(self, torrent: Torrent) -> bool:
        row = self._row(torrent)
        assert row is not None
        assert row["state"] not in ("error", "missingFiles"), row
        return bool(row["amount_left"] == 0 and row["state"].endswith("UP") and not row["state"].startswith(BUSY))

    def _is_ready(self, torrent: Torrent) -> bool:
        row = self._row(torrent)
        return row is not None and not row["state"].startswith(BUSY)

    def _row(self, torrent: Torrent) -> dict[str, Any] | None:
        rows = json.loads(self._get(f"torrents/info?hashes={torrent.info_hash}"))
        return rows[0] if rows else None

    def _get(self, path: str) -> bytes:
        return self._exchange("GET", path, None, {})

    def _post(self, path: str, fields: Mapping[str, str]) -> None:
        body = urlencode(fields).encode()
        self._exchange("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _upload(self, path: str, fields: Mapping[str, str], metainfo: bytes) -> None:
        """A form with a file in it."""
        boundary = uuid.uuid4().hex
        parts = [f'name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
        kind = b"Content-Type: application/x-bittorrent"
        parts.append(b'name="torrents"; filename="t.torrent"\r\n%s\r\n\r\n%s\r\n' % (kind, metainfo))
        lead = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(lead + part for part in parts) + f"--{boundary}--\r\n".encode()
        self._exchange("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        reply = request(self.host, self._web_port, method, f"/api/v2/{path}", body, headers)
        assert reply.status == 200, reply
        return reply.body

    def _configuration(self) -> str:
        session = {
            "InterfaceAddress": self.host,
            "Port": self._port,
            "DHTEnabled": "false",
            "LSDEnabled": "false",
            "PeXEnabled": "false",
            "Encryption": 2,  # off
            "BTProtocol": "TCP",
            "MultiConnectionsPerIp": "true",
            "QueueingSystemEnabled": "false",
            "SSRFMitigation": "false",
            "DefaultSavePath": self.folder,
            "RefreshInterval": 100,
        } | self._changes
        web = {
            "Enabled": "true",
            "Address": self.host,
            "LocalHostAuth": "false",
            "AuthSubnetWhitelistEnabled": "true",
            "AuthSubnetWhitelist": "0.0.0.0/0",
            "CSRFProtection": "false",
            "HostHeaderValidation": "false",
        }
        return "\n".join(
            [
                *("[LegalNotice]", "Accepted=true", "[BitTorrent]"),
                *(f"Session\\{key}={value}" for key, value in session.items()),
                *("[Network]", "PortForwardingEnabled=false", "[Preferences]"),
                *(f"WebUI\\{key}={value}" for key, value in web.items()),
                "",
            ]
        )
