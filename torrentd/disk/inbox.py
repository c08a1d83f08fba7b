"""A folder into which users put files for us: what is in it, reading one, and putting it away."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from torrentd.disk.system import storage_error
from torrentd.model.errors import StorageError

MOST = 1000
"""Files that are looked at in one go; the others have their turn when those are away."""

LONGEST_NAME = 255
"""Bytes of a file's name (NAME_MAX of Linux)."""

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Waiting(NamedTuple):
    """A file, and how it looks: while that changes somebody is writing."""

    name: str
    size: int
    mtime_ns: int
    inode: int


def look(folder: str, suffixes: tuple[str, ...]) -> list[Waiting]:
    """The regular files with these suffixes, in any case, by name; hidden ones are left out. StorageError."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(suffixes) and not entry.name.startswith("."):
                    with suppress(FileNotFoundError):
                        facts = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(facts.st_mode):
                            found.append(Waiting(entry.name, facts.st_size, facts.st_mtime_ns, facts.st_ino))
                if len(found) >= MOST:
                    break
    except OSError as error:
        raise storage_error(error, folder) from error
    return sorted(found)


def read(folder: str, name: str, largest: int) -> bytes:
    """What is in a file, up to a byte more than `largest`. StorageError."""
    path = f"{folder}/{name}"
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _READ)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StorageError(f"{path}: is not a file", path=path)
            return file.read(largest + 1)
    except OSError as error:
        raise storage_error(error, path) from error


def put_away(folder: str, name: str, suffix: str) -> None:
    """Rename a file to the same name with a suffix, which nothing has yet; without a suffix, remove it. A name that
    would be too long is cut. Fine if it is gone. StorageError."""
    path = Path(folder, name)
    try:
        if not suffix:
            path.unlink(missing_ok=True)
            return
        for number in count():
            other = Path(folder, _ending(name, suffix + (f".{number}" if number else "")))
            if not os.path.lexists(other):
                path.rename(other)
                return
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(error, str(path)) from error


def _ending(name: str, end: str) -> str:
    """The name with another end, within what file systems take."""
    return os.fsdecode(os.fsencode(name)[: LONGEST_NAME - len(os.fsencode(end))]) + end
