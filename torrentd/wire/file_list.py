"""The files of a v1 info dictionary (BEP 3, 47): a single one, or a list in the order of the torrent's bytes."""

from __future__ import annotations

from itertools import accumulate

from torrentd.model.errors import MetainfoError
from torrentd.model.layout import FileEntry
from torrentd.wire.bencode import Value
from torrentd.wire.names import Path, clean_path, make_unique

MAX_TOTAL = 2**48 - 1
"""Bytes of a torrent; more does not fit the arithmetic of some clients, and nobody has it."""

_SYMLINK, _EXECUTABLE, _PADDING = ord("l"), ord("x"), ord("p")  # letters of `attr` (BEP 47)


def single_file(info: dict[bytes, Value], name: str) -> tuple[FileEntry, ...]:
    """The one file, called like the torrent. MetainfoError for a length that cannot be."""
    size = _length(info, "info")
    return (FileEntry((name,), size, 0, executable=_EXECUTABLE in _attributes(info)),)


def file_list(files: Value, name: str) -> tuple[FileEntry, ...]:
    """The files of `info.files` under the folder `name`. MetainfoError names the entry and what is wrong."""
    if not isinstance(files, list):
        raise MetainfoError("info.files is not a list")
    sizes, attributes, paths, links = [], [], [], []
    for index, entry in enumerate(files):
        what = f"file {index}"
        if not isinstance(entry, dict):
            raise MetainfoError(f"{what} is not a dictionary")
        attribute = _attributes(entry)
        is_link = _SYMLINK in attribute
        attributes.append(attribute)
        sizes.append(0 if is_link and b"length" not in entry else _length(entry, what))
        paths.append((name, *clean_path(entry.get(b"path.utf-8", entry.get(b"path")), what)))
        links.append(_link_target(entry, name, what) if is_link else None)
    unique = make_unique(paths, [_PADDING in attribute for attribute in attributes])
    return tuple(
        FileEntry(path, size, offset, _PADDING in attribute, _EXECUTABLE in attribute, link)
        for path, size, offset, attribute, link in zip(
            unique, sizes, accumulate(sizes, initial=0), attributes, links, strict=False
        )
    )


def _length(entry: dict[bytes, Value], what: str) -> int:
    size = entry.get(b"length")
    if not isinstance(size, int):
        raise MetainfoError(f"{what}: the length is missing or not a number")
    if not 0 <= size <= MAX_TOTAL:
        raise MetainfoError(f"{what}: the length {size} is not possible")
    return size


def _attributes(entry: dict[bytes, Value]) -> bytes:
    value = entry.get(b"attr", b"")
    return value if isinstance(value, bytes) else b""


def _link_target(entry: dict[bytes, Value], name: str, what: str) -> Path:
    """The target of a symbolic link, from the torrent's root; it must stay inside."""
    target = entry.get(b"symlink path")
    path = clean_path(target, f"{what}, symbolic link")
    if not isinstance(target, list) or len(path) != len(target):
        raise MetainfoError(f"{what}: the symbolic link leads out of the torrent")
    return (name, *path)
