"""Programs that speak Transmission's RPC, at a daemon of ours."""

from __future__ import annotations

import subprocess

from tests.interop.daemon import Torrentd
from tests.interop.processes import require

TIMEOUT = 20.0
"""Seconds one command may take, on a busy machine."""


class Remote:
    """`transmission-remote`, in a pipe."""

    def __init__(self, daemon: Torrentd) -> None:
        self._daemon = daemon

    def __call__(self, *words: str, fails: bool = False) -> str:
        """What it printed."""
        url = f"http://{self._daemon.rpc_address}/transmission"
        program = [require("transmission-remote"), url, "--auth", f"x:{self._daemon.token}", *words]
        done = subprocess.run(program, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def shown(self, *words: str) -> dict[str, str]:
        """The lines `  Name: value` of what it printed."""
        lines = (line.partition(":") for line in self(*words).splitlines())
        return {name.strip(): value.strip() for name, colon, value in lines if colon}
