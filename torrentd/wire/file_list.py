"""The files of a v1 info dictionary (BEP 3, 47): a single one, or a list in the order of the torrent's bytes."""

from __future__ import annotations

from itertools import accumulate

from torrentd.model.errors import MetainfoError
from torrentd.model.layout import FileEntry
from torrentd.wire.bencode import Value
from torrentd.wire.file_facts import (
    EXECUTABLE,
    PADDING,
    SYMLINK,
    Facts,
    attributes,
    check_link_size,
    file_size,
    link_target,
)
from torrentd.wire.names import Path, clean_path, make_unique


def single_file(info: Facts, name: str) -> tuple[FileEntry, ...]:
    """The one file, called like the torrent. MetainfoError for a length that cannot be."""
    return (FileEntry((name,), file_size(info, "info"), 0, executable=EXECUTABLE in attributes(info)),)


def file_list(files: Value, name: str) -> tuple[FileEntry, ...]:
    """The files of `info.files` under the folder `name`. MetainfoError names the entry and what is wrong."""
    if not isinstance(files, list):
        raise MetainfoError("info.files is not a list")
    paths: list[Path] = []
    sizes: list[int] = []
    letters: list[bytes] = []
    links: dict[int, Path] = {}
    for index, facts in enumerate(files):
        what = f"file {index}"
        if not isinstance(facts, dict):
            raise MetainfoError(f"{what} is not a dictionary")
        letters.append(attributes(facts))
        paths.append((name, *clean_path(facts.get(b"path.utf-8", facts.get(b"path")), what)))
        if SYMLINK in letters[index]:
            check_link_size(facts, what)
            links[index] = link_target(facts, name, what)
        sizes.append(0 if index in links else file_size(facts, what))
    unique = make_unique(paths, [PADDING in letter for letter in letters])
    offsets = accumulate(sizes, initial=0)
    return tuple(
        FileEntry(path, size, offset, PADDING in letter, EXECUTABLE in letter, links.get(index))
        for index, (path, size, offset, letter) in enumerate(zip(unique, sizes, offsets, letters, strict=False))
    )
