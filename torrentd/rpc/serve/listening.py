"""Listening sockets that cannot be: one error, in the words of the configuration file."""

from __future__ import annotations

import errno
from pathlib import Path

from torrentd.model.errors import TorrentdError

IN_USE = "is in use"

_PROC = Path("/proc")
_LISTENING = "0A"  # state column of /proc/net/tcp


class ListenError(TorrentdError):
    """The text begins with the configuration key and names the address and, where it is known, who holds it."""


def why(error: OSError | None) -> str:
    """What the system said, in a few words."""
    if error is None:
        return "cannot listen"
    if error.errno == errno.EADDRINUSE:
        return IN_USE
    return (error.strerror or "cannot listen").lower()


def held_by(pid: int) -> str:
    """` by NAME (pid N)`, or nothing for an unknown process."""
    try:
        name = (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""
    return f" by {name!a} (pid {pid})" if pid else ""


def tcp_holder(port: int) -> int:
    """The process that listens on a TCP port; 0 if we may not know. For an error message: it walks through /proc."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening_inodes(table, port)}
    targets = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.glob("[0-9]*"):
        if targets and _has_open(process, targets):
            return int(process.name)
    return 0


def _listening_inodes(table: str, port: int) -> list[str]:
    try:
        lines = (_PROC / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return []
    rows = (line.split() for line in lines)
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _has_open(process: Path, targets: set[str]) -> bool:
    try:
        return any(str(fd.readlink()) in targets for fd in (process / "fd").iterdir())
    except OSError:  # another user's process, or one that just ended
        return False
