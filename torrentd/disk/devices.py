"""How each device is read on the reactor's thread.

`preadv` with RWF_NOWAIT gives what is in the page cache and EAGAIN for what is not; so a read never waits for the
disk. A file system that does not know the flag says so (EOPNOTSUPP) at the first read, and that is remembered:

- tmpfs is memory: it is read without the flag,
- any other one is read in a worker only.
"""

from __future__ import annotations

import os

_MOUNTS = "/proc/self/mountinfo"
_IN_MEMORY = frozenset(["tmpfs", "ramfs"])


class Devices:
    """What was learned, by device number."""

    def __init__(self, mounts: str = _MOUNTS) -> None:
        self._mounts = mounts
        self._flags: dict[int, int | None] = {}

    def flags(self, device: int) -> int | None:
        """The flags for `preadv`; None: not on this thread."""
        return self._flags.get(device, os.RWF_NOWAIT)

    def refused(self, device: int) -> int | None:
        """The device does not know RWF_NOWAIT; the flags to go on with, as `flags`."""
        self._flags[device] = 0 if self._type(device) in _IN_MEMORY else None
        return self._flags[device]

    def _type(self, device: int) -> str:
        """The file system's name: the word after the lone dash of its line, whose third word is the device."""
        number = f"{os.major(device)}:{os.minor(device)}"
        try:
            with open(self._mounts, encoding="utf-8", errors="surrogateescape") as mounts:
                for line in mounts:
                    mount, _, source = line.partition(" - ")
                    if mount.split()[2] == number:
                        return source.split()[0]
        except OSError:
            return ""
        return ""
