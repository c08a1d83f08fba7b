"""torrentd as a user runs it: `twistd --nodaemon torrentd` with a configuration file, reached over its socket."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.interop.content import Torrent
from tests.interop.processes import PYTHON, Program
from torrentd.rpc.client import CannotConnect, Client, UnixEndpoint

WAIT = 25.0
"""Seconds a test waits for a torrent."""


class Torrentd(Program):
    """A daemon whose state and downloads are in its folder; `start` again continues it."""

    name = "torrentd"

    def __init__(self, folder: Path, host: str, **changes: dict[str, Any]) -> None:
        super().__init__(folder, host)
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        self._changes = changes
        self._client = Client(UnixEndpoint(str(folder / "rpc.sock")))

    def start(self) -> None:
        config = self.folder / "config.toml"
        config.write_text(_toml(self._configuration()))
        twistd = PYTHON.parent / "twistd"
        self.spawn([twistd, "--nodaemon", "torrentd", "--config", config])
        self.until_ready(self._answers)

    def stop(self) -> int | None:
        """SIGTERM; the exit status. A clean stop is 0."""
        self._client.close()
        return super().stop()

    def kill(self) -> None:
        self._client.close()
        super().kill()

    def restart(self) -> None:
        """A clean stop and a new start."""
        assert self.stop() == 0, self.log()
        self.start()

    def rpc(self, method: str, **params: Any) -> Any:
        """The result of a call. Raises RpcFailed."""
        return self._client.call(method, params)

    @property
    def peer_address(self) -> str:
        """HOST:PORT where peers may connect; the system chose the port."""
        address: str = self.rpc("daemon.status")["listen"][0]
        return address

    @property
    def token(self) -> str:
        """For RPC over TCP."""
        return (self.folder / "state" / "token").read_text().strip()

    @property
    def rpc_address(self) -> str:
        """HOST:PORT of RPC over TCP, which `rpc.tcp` must ask for."""
        (found,) = re.findall(
            r"RPC: listening on .*?([0-9.]+:[0-9]+)$", (self.folder / "log").read_text(), re.MULTILINE
        )[-1:]
        address: str = found
        return address

    def add(self, torrent: Torrent, directory: Path | None = None, **params: Any) -> dict[str, Any]:
        """Add a torrent; the torrent object."""
        if directory is not None:
            params["download_dir"] = str(directory)
        result = self.rpc("torrent.add", metainfo=base64.b64encode(torrent.metainfo).decode(), **params)
        added: dict[str, Any] = result["torrent"]
        return added

    def get(self, torrent: Torrent) -> dict[str, Any]:
        """The torrent object."""
        found: dict[str, Any] = self.rpc("torrent.get", id=torrent.info_hash)["torrent"]
        return found

    def wait(self, torrent: Torrent, until: str = "download", seconds: float = WAIT) -> None:
        """Until the torrent has come as far; fails the test with what the daemon knows."""
        params = {"ids": [torrent.info_hash], "until": until, "timeout": seconds}
        result = self._client.call("torrent.wait", params, timeout=seconds + WAIT)
        if result["done"] != [torrent.info_hash]:
            peers = self.rpc("torrent.peers", id=torrent.info_hash)
            trackers = self.rpc("torrent.trackers", id=torrent.info_hash)
            facts = json.dumps([result, self.get(torrent), peers, trackers], indent=1)
            pytest.fail(f"{self.folder.name} did not come to {until!r}\n{facts}\n{self.log()}")

    def _answers(self) -> bool:
        try:
            self.rpc("daemon.version")
        except CannotConnect:
            return False
        return True

    def _configuration(self) -> dict[str, dict[str, Any]]:
        wanted: dict[str, dict[str, Any]] = {
            "paths": {
                "state_dir": str(self.folder / "state"),
                "download_dir": str(self.downloads),
                "allowed_roots": [str(self.folder.parent)],
            },
            "network": {"listen": [f"{self.host}:0"], "bind_address": self.host, "local_trackers": "allow"},
            "discovery": {"dht": False, "pex": False, "lsd": False},
            "ports": {"map": False},
            "rpc": {"unix": str(self.folder / "rpc.sock"), "tcp": "off"},
            "log": {"level": "debug"},
        }
        for section, values in self._changes.items():
            wanted.setdefault(section, {}).update(values)
        return wanted


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    """TOML for tables of plain values, which it writes as JSON does."""
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join([*lines, ""])
