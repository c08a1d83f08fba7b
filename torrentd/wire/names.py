"""The names a torrent gives its files, made safe and unique. Pure text: how they are opened is the disk's business.

A torrent comes from strangers, so its paths are a wish, not an order. The rule, which every file name passes:

- a path is a list of byte strings, at most 64 deep; `.`, `..` and empty components are dropped; if nothing is left, the
  torrent is refused;
- `/`, `\\`, control and bidirectional characters and bytes that are not UTF-8 become `_`;
- a component is at most 255 bytes, shortened in front of its suffix;
- no two files share a path, also where case does not matter, and no file is called like a folder: the later one becomes
  `name.1.ext`. A torrent with more than 500 such names is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from torrentd.model.errors import MetainfoError
from torrentd.wire.escape import BIDI_CONTROLS

Path: TypeAlias = tuple[str, ...]

MAX_PATH_DEPTH = 64
MAX_COMPONENT = 255
"""Bytes: what Linux file systems take."""

MAX_DUPLICATES = 500
"""More names that occur twice are no accident."""

MAX_SUFFIX = 64
"""Bytes: what follows the last dot counts as a suffix, worth keeping, up to this length."""

NUMBER_ROOM = len(".1234567")
"""Bytes kept free for the number of a renamed file."""

_UNSAFE = re.compile(f"[\x00-\x1f/\\\\\x7f-\x9f{BIDI_CONTROLS}\udc80-\udcff]")  # the last range: see clean_component
_DROPPED = ("", ".", "..")


def clean_component(raw: bytes) -> str:
    """One component by the rule; empty if it is to be dropped."""
    text = _UNSAFE.sub("_", raw.decode("utf-8", "surrogateescape"))  # bytes that are not UTF-8 decode to \udc80-\udcff
    if text in _DROPPED:
        return ""
    return text if len(raw) <= MAX_COMPONENT else _shorten(text)


def _shorten(name: str) -> str:
    stem, suffix = _split(name, MAX_COMPONENT)
    return stem + suffix


def _split(name: str, room: int) -> tuple[str, str]:
    """The name in front of its suffix, and the suffix with its dot; the former cut so that both have `room` bytes."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len((dot + suffix).encode()) > MAX_SUFFIX:
        stem, dot, suffix = name, "", ""
    room -= len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore"), dot + suffix


def clean_name(raw: object) -> str:
    """The torrent's own name. MetainfoError if there is none."""
    if not isinstance(raw, bytes):
        raise MetainfoError("info.name is missing or not a string")
    name = clean_component(raw)
    if not name:
        raise MetainfoError("info.name is empty, or names a directory such as '..'")
    return name


def clean_path(raw: object, what: str) -> Path:
    """The components that are left of a path in bytes. MetainfoError, which begins with `what`, if it is none."""
    if not isinstance(raw, list):
        raise MetainfoError(f"{what}: the path is missing or not a list")
    if len(raw) > MAX_PATH_DEPTH:
        raise MetainfoError(f"{what}: the path is deeper than {MAX_PATH_DEPTH}")
    for component in raw:
        if not isinstance(component, bytes):
            raise MetainfoError(f"{what}: the path holds something that is not a string")
    path = tuple(filter(None, map(clean_component, raw)))
    if not path:
        raise MetainfoError(f"{what}: the path is empty")
    return path


def make_unique(paths: Sequence[Path], padding: Sequence[bool]) -> list[Path]:
    """The paths, renamed where one equals an earlier file or any folder. MetainfoError for more than 500 duplicates.

    Padding (BEP 47) is never stored and is called alike by custom: it gets its own names, uncounted.
    """
    folders = _Folders()
    numbers = [folders.number(path[:-1]) for path in paths]  # all folders are known before the first file is named
    names = _Names(folders)
    unique = []
    duplicates = 0
    for path, folder, is_padding in zip(paths, numbers, padding, strict=True):
        if not names.take(folder, path[-1]):
            duplicates += not is_padding
            if duplicates > MAX_DUPLICATES:
                raise MetainfoError(f"more than {MAX_DUPLICATES} files have names that were there before")
            path = (*path[:-1], names.take_another(folder, path[-1]))
        unique.append(path)
    return unique


class _Folders:
    """A number for each folder, the same for those that some file system takes for the same.

    A tree of numbers instead of a set of paths: its memory grows with the torrent, not with the square of the depth.
    """

    def __init__(self) -> None:
        self._children: dict[tuple[int, str], int] = {}
        self._numbers: dict[Path, int] = {}

    def number(self, path: Path) -> int:
        """The folder's number; it and those above it are there from now on."""
        number = self._numbers.get(path)
        if number is None:
            number = 0
            for component in path:
                number = self._children.setdefault((number, component.casefold()), len(self._children) + 1)
            self._numbers[path] = number
        return number

    def __contains__(self, key: tuple[int, str]) -> bool:
        """Whether a folder's number and a name with its case folded are a folder."""
        return key in self._children


class _Names:
    """Which names are taken, by the number of their folder."""

    def __init__(self, folders: _Folders) -> None:
        self._folders = folders
        self._taken: set[tuple[int, str]] = set()
        self._last: defaultdict[tuple[int, str, str], int] = defaultdict(int)

    def take(self, folder: int, name: str) -> bool:
        """Take the name if neither a file nor a folder has it."""
        key = (folder, name.casefold())
        if key in self._taken or key in self._folders:
            return False
        self._taken.add(key)
        return True

    def take_another(self, folder: int, name: str) -> str:
        """Take the name with the first free number.

        The last number given is kept for each stem as it was cut: else many long names with the same beginning would
        try each other's numbers again and again.
        """
        stem, suffix = _split(name, MAX_COMPONENT - NUMBER_ROOM)
        key = (folder, stem.casefold(), suffix.casefold())
        while True:
            self._last[key] += 1
            numbered = f"{stem}.{self._last[key]}{suffix}"
            if self.take(folder, numbered):
                return numbered
