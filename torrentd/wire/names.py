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

_UNSAFE = re.compile(f"[\x00-\x1f/\\\\\x7f-\x9f{BIDI_CONTROLS}\udc80-\udcff]")  # the last range: see clean_component
_DROPPED = ("", ".", "..")


def clean_component(raw: bytes) -> str:
    """One component by the rule; empty if it is to be dropped."""
    text = _UNSAFE.sub("_", raw.decode("utf-8", "surrogateescape"))  # bytes that are not UTF-8 decode to \udc80-\udcff
    if text in _DROPPED:
        return ""
    return text if len(raw) <= MAX_COMPONENT else shorten(text)


def shorten(name: str, tail: str = "") -> str:
    """`name` with `tail` put in front of its suffix, cut before both to fit into MAX_COMPONENT bytes."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len((dot + suffix).encode()) > MAX_SUFFIX:
        stem, dot, suffix = name, "", ""
    end = tail + dot + suffix
    room = MAX_COMPONENT - len(end.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + end


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
    folders = _folders(paths)
    taken: set[str] = set()
    used: defaultdict[str, int] = defaultdict(int)  # the last number given for a name; spares trying them all again
    unique = []
    duplicates = 0
    for path, is_padding in zip(paths, padding, strict=True):
        key = _key(path)
        if key in taken or key in folders:
            duplicates += not is_padding
            if duplicates > MAX_DUPLICATES:
                raise MetainfoError(f"more than {MAX_DUPLICATES} files have names that were there before")
            wanted = key
            while key in taken or key in folders:
                used[wanted] += 1
                renamed = (*path[:-1], shorten(path[-1], f".{used[wanted]}"))
                key = _key(renamed)
            path = renamed
        taken.add(key)
        unique.append(path)
    return unique


def _key(path: Path) -> str:
    """Equal for paths that some file system takes for the same."""
    return "/".join(path).casefold()


def _folders(paths: Sequence[Path]) -> set[str]:
    """The keys of all folders that the paths need."""
    keys = set()
    for folder in {path[:-1] for path in paths}:
        for depth in range(1, len(folder) + 1):
            keys.add(_key(folder[:depth]))
    return keys
