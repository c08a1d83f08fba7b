"""The file tree of a v2 info dictionary (BEP 52), read for inspection.

A tree is a dictionary from names to trees; a file is a tree whose only key is empty, with the file's facts below it. It
is walked with a stack of our own: its depth is the torrent's choice. Here, unlike elsewhere, keys must be sorted: the
order of the files is the order of the keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torrentd.model.errors import MetainfoError
from torrentd.model.layout import FileEntry
from torrentd.wire.bencode import Value
from torrentd.wire.file_facts import EXECUTABLE, SYMLINK, Facts, attributes, check_link_size, file_size, link_target
from torrentd.wire.names import MAX_PATH_DEPTH, Path, clean_path, make_unique

_ROOT_HASH = 32  # bytes of a SHA-256 Merkle root


class _Leaf(NamedTuple):
    path: list[Value]
    facts: Facts


def file_tree(tree: Value | None, name: str, piece_size: int) -> tuple[FileEntry, ...]:
    """The files in order. Each begins at a piece boundary, as in v2 pieces never span files; nothing fills the gap.

    MetainfoError names what is wrong. A tree with one file called like the torrent is a single-file torrent.
    """
    if not isinstance(tree, dict):
        raise MetainfoError("info.file tree is not a dictionary")
    leaves = list(_leaves(tree))
    paths = [clean_path(leaf.path, f"file {index}") for index, leaf in enumerate(leaves)]
    if paths != [(name,)]:
        paths = [(name, *path) for path in paths]
    entries = []
    offset = 0
    for index, (leaf, path) in enumerate(zip(leaves, make_unique(paths, [False] * len(paths)), strict=True)):
        entry = _entry(leaf.facts, path, offset, name, f"file {index}")
        entries.append(entry)
        offset += -(-entry.size // piece_size) * piece_size
    return tuple(entries)


def _entry(facts: Facts, path: Path, offset: int, name: str, what: str) -> FileEntry:
    letters = attributes(facts)
    executable = EXECUTABLE in letters
    if SYMLINK in letters:
        check_link_size(facts, what)
        return FileEntry(path, 0, offset, executable=executable, symlink=link_target(facts, name, what))
    size = file_size(facts, what)
    root = facts.get(b"pieces root")
    if size and not (isinstance(root, bytes) and len(root) == _ROOT_HASH):
        raise MetainfoError(f"{what}: the pieces root is missing or not {_ROOT_HASH} bytes")
    return FileEntry(path, size, offset, executable=executable)


def _leaves(tree: dict[bytes, Value]) -> Iterator[_Leaf]:
    """All files, depth first in the order of the keys."""
    stack: list[tuple[list[Value], Value]] = [([], tree)]
    while stack:
        path, node = stack.pop()
        if not isinstance(node, dict):
            raise MetainfoError("info.file tree holds something that is not a dictionary")
        names = list(node)
        if names == [b""]:
            facts = node[b""]
            if not isinstance(facts, dict):
                raise MetainfoError("info.file tree: a file's facts are not a dictionary")
            yield _Leaf(path, facts)
            continue
        if names != sorted(names) or b"" in node:
            raise MetainfoError("info.file tree: the names of a folder are not sorted, or one is empty")
        if len(path) >= MAX_PATH_DEPTH:
            raise MetainfoError(f"info.file tree is deeper than {MAX_PATH_DEPTH}")
        stack.extend(([*path, name], node[name]) for name in reversed(names))
