"""opentracker: a tracker by HTTP and by UDP on one port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.interop.clients.web import request
from tests.interop.processes import Program, free_port, require
from torrentd.wire import bencode


class Opentracker(Program):
    """Knows only the torrents that it is told before it starts: Debian builds it with a white list."""

    name = "opentracker"

    def __init__(self, folder: Path, host: str) -> None:
        super().__init__(folder, host)
        self.port = free_port(host)
        self._allowed: list[str] = []

    def allow(self, info_hashes: Iterable[str]) -> None:
        self._allowed += info_hashes

    def start(self) -> None:
        (self.folder / "whitelist").write_text("".join(f"{info_hash}\n" for info_hash in self._allowed))
        configuration = [
            f"listen.tcp {self.host}:{self.port}",
            f"listen.udp {self.host}:{self.port}",
            "access.whitelist whitelist",
            f"tracker.rootdir {self.folder}",
            "tracker.user nobody",
        ]
        path = self.folder / "opentracker.conf"
        path.write_text("\n".join([*configuration, ""]))
        if os.geteuid() == 0:
            self.folder.chmod(0o755)  # started by root it becomes nobody, who has to read the white list
        self.spawn([require(self.name), "-f", path])
        self.until_ready(self._answers)

    def url(self, scheme: str) -> str:
        """The announce URL by "http" or "udp"."""
        return f"{scheme}://{self.host}:{self.port}/announce"

    def seeds(self, info_hash: str) -> int:
        """How many seeds it knows (BEP 48)."""
        raw = bytes.fromhex(info_hash)
        reply = request(self.host, self.port, "GET", f"/scrape?{urlencode({'info_hash': raw})}")
        answer: Any = bencode.decode(reply.body, bencode.TRACKER)
        seeds: int = answer[b"files"].get(raw, {}).get(b"complete", 0)
        return seeds

    def _answers(self) -> bool:
        with socket.create_connection((self.host, self.port), timeout=1):
            return True
