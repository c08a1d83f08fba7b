"""torrentd as a process, started in any way, which says through systemd's socket when it is ready."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torrentd.rpc.client import Client, UnixEndpoint

TWISTD = Path(sys.executable).with_name("twistd")
PATIENCE = 20.0
"""Seconds for a start or an end on a busy machine."""

OURS = ("XDG_", "TORRENT", "JOURNAL", "LISTEN", "NOTIFY", "WATCHDOG")
"""Variables that change what a daemon does."""


class Running:
    """One daemon in a folder of its own. Output goes to files in it."""

    def __init__(self, folder: Path, toml: str = "") -> None:
        self.folder = folder
        self.state = folder / "state"
        self.socket = folder / "rpc.sock"
        self.config = folder / "config.toml"
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        self.environment |= {"HOME": str(folder), "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen[bytes]
        self.write(toml)
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(folder / "notify"))
        self._notified.settimeout(PATIENCE)

    def write(self, toml: str) -> None:
        """The configuration: what is not said is on loopback, on any port, asks no router, and is without
        TCP for the RPC."""
        sections = {
            "paths": f'state_dir = "{self.state}"\ndownload_dir = "{self.folder}/downloads"',
            "network": 'listen = ["127.0.0.1:0"]',
            "ports": "map = false",
            "rpc": f'unix = "{self.socket}"\ntcp = "off"',
        }
        given = [f"[{name}]\n{text}" for name, text in sections.items() if f"[{name}]" not in toml]
        self.config.write_text("\n".join([*given, toml, ""]))

    def spawn(self, *command: Any, **options: Any) -> None:
        """Start it: by default `twistd --nodaemon torrentd` with the configuration."""
        default = (TWISTD, "--nodaemon", "torrentd", "--config", self.config)
        with (self.folder / "out").open("ab") as out, (self.folder / "err").open("ab") as err:
            self.process = subprocess.Popen(
                [str(part) for part in command or default],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                env=self.environment | {"NOTIFY_SOCKET": str(self.folder / "notify")},
                **options,
            )

    def start(self, *command: Any, **options: Any) -> Running:
        self.spawn(*command, **options)
        self.told("READY=1")
        return self

    def told(self, line: str) -> str:
        """What systemd is told with this line in it; fails when that does not come."""
        while True:
            message = self._notified.recv(4096).decode()
            if line in message.split("\n"):
                return message

    def call(self, method: str, **params: Any) -> Any:
        client = Client(UnixEndpoint(str(self.socket)))
        try:
            return client.call(method, params)
        finally:
            client.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def run(self, *command: Any) -> int:
        """Start it and wait for its end by itself; the exit status."""
        self.spawn(*command)
        return self.process.wait(PATIENCE)

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def close(self) -> None:
        self._notified.close()
        if hasattr(self, "process") and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A Python of ours, run to its end."""
    command: Sequence[str] = (sys.executable, *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)
