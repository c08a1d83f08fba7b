"""What a torrent says about one file besides its path: the length, and BEP 47's attributes and link target."""

from __future__ import annotations

from torrentd.model.errors import MetainfoError
from torrentd.wire.bencode import Value
from torrentd.wire.names import Path, clean_path

MAX_TOTAL = 2**48 - 1
"""Bytes of a torrent; more does not fit the arithmetic of some clients, and nobody has it."""

SYMLINK, EXECUTABLE, PADDING = ord("l"), ord("x"), ord("p")
"""The letters of `attr` that mean something to us, as found in `attributes`."""

Facts = dict[bytes, Value]


def attributes(facts: Facts) -> bytes:
    """The letters of `attr`; what is no string says nothing."""
    value = facts.get(b"attr", b"")
    return value if isinstance(value, bytes) else b""


def file_size(facts: Facts, what: str) -> int:
    """The length in bytes. MetainfoError, which begins with `what`, for one that cannot be."""
    size = facts.get(b"length")
    if not isinstance(size, int):
        raise MetainfoError(f"{what}: the length is missing or not a number")
    if not 0 <= size <= MAX_TOTAL:
        raise MetainfoError(f"{what}: the length {size} is not possible")
    return size


def check_link_size(facts: Facts, what: str) -> None:
    """A symbolic link has no bytes of its own; unlike a file's, its length may be left out."""
    if facts.get(b"length", 0) != 0:
        raise MetainfoError(f"{what}: the length of a symbolic link is not 0")


def link_target(facts: Facts, name: str, what: str) -> Path:
    """The target of a symbolic link, with the torrent's `name` first. MetainfoError unless it stays inside."""
    target = facts.get(b"symlink path")
    path = clean_path(target, f"{what}, symbolic link")
    if not isinstance(target, list) or len(path) != len(target):  # `..` and the like were dropped
        raise MetainfoError(f"{what}: the symbolic link leads out of the torrent")
    return (name, *path)
