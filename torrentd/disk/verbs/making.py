"""What a torrent has besides content: files of length zero, and symbolic links (BEP 47).

They are made at the first flush after something was written, so that nothing appears of a torrent that was only added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from torrentd.disk.files import Files
from torrentd.disk.folders import Components
from torrentd.model.layout import FileEntry, Layout


def without_content(layout: Layout) -> list[int]:
    """The files that no piece brings into being."""
    return [
        index for index, entry in enumerate(layout.files) if not entry.padding and (not entry.size or entry.symlink)
    ]


def make(files: Files, indexes: Iterable[int]) -> None:
    """The job: make those that are not there."""
    for index in indexes:
        entry = files.place.layout.files[index]
        if entry.symlink is None:
            files.descriptor(index)  # opening it for writing makes it
        else:
            _link(files, index, entry, entry.symlink)


def _link(files: Files, index: int, entry: FileEntry, target: Components) -> None:
    """Relative, and inside the torrent: the target was checked when the metainfo was read."""
    text = os.path.relpath("/" + "/".join(target), "/" + "/".join(entry.path[:-1]))
    try:
        os.symlink(text, entry.path[-1], dir_fd=files.folders.enter(entry.path[:-1], create=True))
    except FileExistsError:
        return
    except OSError as error:
        raise files.error(error, index) from error
    files.folders.entries[entry.path[:-1]] = None
